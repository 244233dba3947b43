// The agent, its daemon or its ranks die, stop or are the wrong ones.
#include <map>
#include <random>
#include <set>

#include "tests/daemon/agent/agent_program.h"

namespace longhaul::daemon {
namespace {

using AgentDeathTest = AgentProgramTest;

TEST_F(AgentDeathTest, ItsDeathEndsItsRanksAndTheNextAgentReportsThemOnce) {
  write_config({"steps=1:3:1", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t first = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until(
      [&] { return running(daemon, 0) && running(daemon, 1) && daemon.entries.size() >= 3; }));
  const int64_t ranks[] = {daemon.pid_of(0), daemon.pid_of(1)};
  kill_agent(first);
  EXPECT_TRUE(daemon.run_until([&] { return !exists(ranks[0]) && !exists(ranks[1]); }));

  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2; }));
  for (const wire::ExitReport& exit : daemon.exits()) {
    EXPECT_EQ(exit.pid, ranks[exit.rank]);
    EXPECT_EQ(exit.exit_code, -1);
    EXPECT_EQ(exit.signal, SIGKILL);
    EXPECT_FALSE(exit.asked);
  }
  daemon.run_for_ms(200);
  EXPECT_EQ(daemon.exits().size(), 2u);
  // The generation is used up: a command that comes again must not start it a second time.
  wire::Launch again = launch(daemon, "1.1");
  again.id = "another";
  daemon.send(again);
  daemon.run_for_ms(200);
  EXPECT_TRUE(daemon.ranks.empty());
  daemon.send(launch(daemon, "1.2"));
  EXPECT_TRUE(daemon.run_until([&] { return running(daemon, 0) && running(daemon, 1); }));
}

TEST_F(AgentDeathTest, WhatIsNotAcknowledgedIsSentAgainToTheNextDaemonAndNumbersNeverRestart) {
  write_config({"steps=1:10:1", "forever"});
  auto first = std::make_unique<FakeDaemon>(run(), 1, "uuid-a");
  first->acknowledges = false;
  const pid_t agent = start_agent();
  ASSERT_TRUE(first->run_until([&] { return first->hellos == 1; }));
  first->send(launch(*first, "1.1"));
  ASSERT_TRUE(first->run_until([&] { return first->entries.size() == 10; }));
  first->send(wire::SpoolAck{4});
  first->run_for_ms(100);
  first.reset();

  FakeDaemon second(run(), 2, "uuid-b", 4);
  ASSERT_TRUE(second.run_until([&] { return second.entries.size() == 6; }));
  EXPECT_EQ(second.entries.front().seq, 5);
  EXPECT_TRUE(exists(second.pid_of(0)));  // the ranks have not noticed
  EXPECT_EQ(second.last_hello.first_spool_seq, 5);
  EXPECT_EQ(second.last_hello.next_spool_seq, 11);

  second.run_for_ms(50);  // acknowledged by now
  kill_agent(agent);
  start_agent();
  ASSERT_TRUE(second.run_until([&] { return second.exits().size() == 2; }));
  EXPECT_EQ(second.entries[6].seq, 11);
}

TEST_F(AgentDeathTest, RefusesALowerTermASecondDaemonOfOneTermAndAnOlderGeneration) {
  write_config({"forever"});
  FakeDaemon newest(run(), 5, "uuid-e");
  const pid_t agent = start_agent();
  ASSERT_TRUE(newest.run_until([&] { return newest.hellos == 1; }));
  newest.send(launch(newest, "5.2", 1));
  ASSERT_TRUE(newest.run_until([&] { return running(newest, 0); }));
  const int64_t rank = newest.pid_of(0);
  wire::Launch older = launch(newest, "5.1", 1);
  newest.send(older);
  newest.send(wire::StopRanks{"s", 5, "5.1", true, 0});
  newest.send(wire::StopRanks{"s2", 4, "5.2", true, 0});
  newest.run_for_ms(200);
  EXPECT_TRUE(exists(rank));
  EXPECT_EQ(newest.ranks.size(), 1u);

  newest.disconnect();
  for (const auto& [term, uuid] : {std::pair<int64_t, std::string>{4, "uuid-d"}, {5, "uuid-x"}}) {
    FakeDaemon wrong(run(), term, uuid);
    ASSERT_TRUE(wrong.run_until([&] { return wrong.hellos >= 1 && !wrong.closed.empty(); }));
    EXPECT_EQ(wrong.heartbeats, 0);
    ASSERT_FALSE(wrong.declined.empty()) << "the daemon is told why";
    EXPECT_NE(wrong.declined[0].find("term " + std::to_string(term)), std::string::npos) << wrong.declined[0];
    EXPECT_TRUE(exists(rank));
  }
  // The refusal outlives the agent.
  kill_agent(agent);
  FakeDaemon old(run(), 4, "uuid-d");
  start_agent();
  ASSERT_TRUE(old.run_until([&] { return old.hellos >= 1 && !old.closed.empty(); }));
  EXPECT_EQ(old.heartbeats, 0);
  newest.publish();
  EXPECT_TRUE(newest.run_until([&] { return newest.exits().size() == 1; }));
}

TEST_F(AgentDeathTest, WithoutADaemonItStopsTheRanksAfterTheOrphanTimeoutAndLeaves) {
  write_config({"save=" + run() + "/saved:0", "forever"});
  ASSERT_TRUE(write_file_durably(
      run() + "/run.yaml",
      config::with(*read_file(run() + "/run.yaml"), "cluster:\n", "cluster:\n  orphan_timeout_ms: 1000\n")));
  auto daemon = std::make_unique<FakeDaemon>(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(daemon->run_until([&] { return daemon->hellos == 1; }));
  daemon->send(launch(*daemon, "1.1"));
  ASSERT_TRUE(daemon->run_until([&] { return running(*daemon, 0) && running(*daemon, 1); }));
  const int64_t rank = daemon->pid_of(0);
  daemon->run_for_ms(200);
  daemon.reset();
  for (int i = 0; i < 400 && exists(rank); ++i) ::usleep(20'000);
  EXPECT_FALSE(exists(rank));
  EXPECT_TRUE(path_exists(run() + "/saved"));
  EXPECT_EQ(wait_agent(agent).exit_code, 0);
  start_agent();
  FakeDaemon next(run(), 2, "uuid-b");
  EXPECT_TRUE(next.run_until([&] { return next.exits().size() == 2; }));
  for (const wire::ExitReport& exit : next.exits()) EXPECT_TRUE(exit.asked && exit.exit_code == 0);
}

TEST_F(AgentDeathTest, ANodeWhoseStoreWasMadeAnewBeginsAgainAndKeepsWhatTheOldRunHadNotHeard) {
  write_config({"steps=1:3:1"});
  auto old = std::make_unique<FakeDaemon>(run(), 5, "uuid-e");
  old->acknowledges = false;
  const pid_t agent = start_agent();
  ASSERT_TRUE(old->run_until([&] { return old->hellos == 1; }));
  old->send(launch(*old, "5.1"));
  ASSERT_TRUE(old->run_until([&] { return old->exits().size() == 2; }));
  old.reset();

  FakeDaemon anew(run(), 1, "uuid-a");
  anew.run = "run-2";
  ASSERT_TRUE(anew.run_until([&] { return !anew.declined.empty(); }));
  EXPECT_NE(anew.declined[0].find("this node is of run run-1"), std::string::npos) << anew.declined[0];
  EXPECT_EQ(wait_agent(agent).exit_code, 0);
  start_agent();
  ASSERT_TRUE(anew.run_until([&] { return anew.heartbeats > 0; }));
  EXPECT_EQ(anew.last_hello.next_spool_seq, 1);
  anew.send(launch(anew, "1.1"));
  EXPECT_TRUE(anew.run_until([&] { return anew.exits().size() == 2; }));
  std::string kept;
  const std::vector<std::string> names = list_directory(node() + "/spool").value();
  for (const std::string& name : names)
    if (name.find("entries.jsonl.") == 0) kept += *read_file(node() + "/spool/" + name);
  EXPECT_NE(kept.find("\"generation\":\"5.1\""), std::string::npos) << kept;
}

TEST_F(AgentDeathTest, RanksOfOneRunAreNotGivenToAnother) {
  write_config({"forever"});
  FakeDaemon old(run(), 5, "uuid-e");
  const pid_t agent = start_agent();
  ASSERT_TRUE(old.run_until([&] { return old.hellos == 1; }));
  old.send(launch(old, "5.1", 1));
  ASSERT_TRUE(old.run_until([&] { return running(old, 0); }));
  old.disconnect();
  FakeDaemon anew(run(), 1, "uuid-a");
  anew.run = "run-2";
  ASSERT_TRUE(anew.run_until([&] { return !anew.declined.empty(); }));
  EXPECT_TRUE(exists(old.pid_of(0)));
  EXPECT_TRUE(exists(agent));
  old.publish();
  EXPECT_TRUE(old.run_until([&] { return old.hellos == 2; }));
}

TEST_F(AgentDeathTest, LeavesADaemonThatIsOnlyStoppedForANewerOneThatHasPublishedItself) {
  write_config({"forever"});
  FakeDaemon stopped(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(stopped.run_until([&] { return stopped.hellos == 1 && stopped.heartbeats > 0; }));
  // From here on the first one does not run: its connection stays open and silent.
  FakeDaemon newer(run(), 2, "uuid-b");
  EXPECT_TRUE(newer.run_until([&] { return newer.heartbeats > 0; }));
  EXPECT_TRUE(exists(agent));
}

TEST_F(AgentDeathTest, TriesAgainWhenADaemonDoesNotWelcomeIt) {
  write_config({"forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  daemon.welcomes = false;
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));  // who has not said who it is commands nothing
  ASSERT_TRUE(daemon.run_until([&] { return daemon.closed.size() == 1; }));
  daemon.welcomes = true;
  EXPECT_TRUE(daemon.run_until([&] { return daemon.heartbeats > 0; }));
  EXPECT_TRUE(daemon.ranks.empty());
}

// Killed at any instant, over and over: every rank that a generation was to have is reported once, no
// number is missing, and nothing is left running.
TEST_F(AgentDeathTest, KilledAtAnyInstantItReportsEveryRankOnce) {
  write_config({"steps=1:1000:3"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  pid_t agent = start_agent();
  std::set<int64_t> pids;
  std::mt19937 random(7);
  for (int round = 1; round <= 12; ++round) {
    const int hellos = daemon.hellos;
    ASSERT_TRUE(
        daemon.run_until([&] { return daemon.hellos > hellos - (round == 1) && daemon.connected(); }));
    daemon.run_for_ms(10);
    daemon.send(launch(daemon, "1." + std::to_string(round)));
    // From "before the command arrived" to "well under way"; now and then a rank dies just before.
    const int delay_ms = static_cast<int>(random() % 120);
    daemon.run_for_ms(delay_ms);
    for (const wire::RankStatus& rank : daemon.ranks)
      if (rank.pid != 0 && rank.state == "running") pids.insert(rank.pid);
    if (round % 3 == 0 && running(daemon, 1)) ::kill(static_cast<pid_t>(daemon.pid_of(1)), SIGKILL);
    if (round % 2 == 0) ::usleep(random() % 3000);
    kill_agent(agent);
    agent = start_agent();
  }
  daemon.run_for_ms(1000);
  ASSERT_FALSE(daemon.entries.empty());
  std::set<int64_t> seqs;
  for (const wire::SpoolEntry& entry : daemon.entries) seqs.insert(entry.seq);
  EXPECT_EQ(*seqs.rbegin(), static_cast<int64_t>(seqs.size()));  // 1..n without a gap
  std::map<std::string, std::set<int>> told;
  std::set<int64_t> counted;
  for (const wire::SpoolEntry& entry : daemon.entries) {
    if (!entry.report.contains("exit") || !counted.insert(entry.seq).second)
      continue;  // the same entry again
    const auto exit = *wire::parse_exit_report(*json::get_object(entry.report, "exit"));
    EXPECT_TRUE(told[exit.generation].insert(exit.rank).second)
        << exit.generation << "/" << exit.rank << " twice";
  }
  EXPECT_GE(told.size(), 6u);
  for (const auto& [generation, ranks] : told) EXPECT_EQ(ranks.size(), 2u) << generation;
  for (const int64_t pid : pids) EXPECT_FALSE(exists(pid)) << pid;
}

TEST_F(AgentDeathTest, ASecondAgentOfANodeGivesWayAndNamesTheFirst) {
  write_config({"forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t first = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  const pid_t second = start_agent({}, run() + "/errors");
  EXPECT_EQ(wait_agent(second).exit_code, 2);
  const std::string message = *read_file(run() + "/errors");
  EXPECT_NE(message.find("another agent serves node node-0"), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(first)), std::string::npos) << message;
  EXPECT_TRUE(exists(first));
}

TEST_F(AgentDeathTest, WhenTheRunDirectoryIsGoneSoAreTheRanksAndTheAgent) {
  write_config({"deaf", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return running(daemon, 0) && running(daemon, 1); }));
  const int64_t rank = daemon.pid_of(0);
  const std::string moved = run() + ".moved";
  ASSERT_EQ(::rename(run().c_str(), moved.c_str()), 0);
  EXPECT_TRUE(daemon.run_until([&] { return !exists(agent); }));
  wait_agent(agent);
  EXPECT_FALSE(exists(rank));
  ASSERT_EQ(::rename(moved.c_str(), run().c_str()), 0);
}

TEST_F(AgentDeathTest, AMemoryThatIsDamagedIsNamedAndNotTakenForAnEmptyOne) {
  write_config({"forever"});
  for (const char* name : {"agent.json", "ranks.json"}) {
    ASSERT_TRUE(make_directories(node()));
    ASSERT_TRUE(write_file_durably(node() + "/" + name, "{\"term\":"));
    EXPECT_EQ(wait_agent(start_agent({}, run() + "/errors")).exit_code, 2);
    EXPECT_NE(read_file(run() + "/errors")->find(node() + "/" + name), std::string::npos);
    ::unlink((node() + "/" + name).c_str());
  }
}

}  // namespace
}  // namespace longhaul::daemon
