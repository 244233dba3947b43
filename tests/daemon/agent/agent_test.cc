#include "daemon/agent/agent.h"

#include "tests/daemon/agent/agent_fixture.h"

namespace longhaul::daemon {
namespace {

TEST_F(AgentTest, LaunchesRanksAndPassesOnEachStepOnceAndEachOtherReportOfEveryRank) {
  write_config(
      {R"(say={"phase":"restore","restored_step":0})", "steps=1:20:5", R"(say={"phase":"done","step":20})"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  EXPECT_EQ(daemon.last_hello.node, "node-0");
  EXPECT_EQ(daemon.last_hello.address, "127.0.0.1");
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2; }));

  std::vector<int64_t> steps;
  int restores = 0, dones = 0;
  int64_t seq = 0;
  for (const wire::SpoolEntry& entry : daemon.entries) {
    EXPECT_EQ(entry.seq, ++seq);
    if (entry.report.contains("exit")) continue;
    EXPECT_EQ(json::string_or(entry.report, "generation", ""), "1.1");
    const std::string phase = json::string_or(entry.report, "phase", "");
    if (phase == "train") steps.push_back(json::int_or(entry.report, "step", -1));
    restores += phase == "restore";
    dones += phase == "done";
  }
  std::vector<int64_t> expected;
  for (int64_t step = 1; step <= 20; ++step) expected.push_back(step);
  EXPECT_EQ(steps, expected);
  EXPECT_EQ(restores, 2);
  EXPECT_EQ(dones, 2);
  for (const wire::ExitReport& exit : daemon.exits()) {
    EXPECT_EQ(exit.exit_code, 0);
    EXPECT_EQ(exit.signal, 0);
    EXPECT_FALSE(exit.asked);
  }
  EXPECT_TRUE(
      daemon.run_until([&] { return daemon.state_of(0) == "exited" && daemon.state_of(1) == "exited"; }));
}

TEST_F(AgentTest, ReportsExitCodeSignalAndLastWordsFirstHand) {
  write_config({"0:err=out of memory, said rank 0", "0:exit=3", "1:kill=9"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2; }));
  for (const wire::ExitReport& exit : daemon.exits()) {
    EXPECT_EQ(exit.generation, "1.1");
    EXPECT_GT(exit.pid, 0);
    EXPECT_EQ(exit.exit_code, exit.rank == 0 ? 3 : -1);
    EXPECT_EQ(exit.signal, exit.rank == 0 ? 0 : SIGKILL);
    EXPECT_EQ(exit.last_stderr, exit.rank == 0 ? "out of memory, said rank 0\n" : "");
    EXPECT_FALSE(exit.asked);
  }
}

TEST_F(AgentTest, ARankKilledFromOutsideTakesItsOwnChildrenAlong) {
  write_config({"0:child=" + run() + "/child", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return running(daemon, 0) && path_exists(run() + "/child"); }));
  const int64_t child = std::stoll(*read_file(run() + "/child"));
  ASSERT_TRUE(exists(child));
  ::kill(static_cast<pid_t>(daemon.pid_of(0)), SIGKILL);
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 1; }));
  EXPECT_EQ(daemon.exits()[0].rank, 0);
  EXPECT_EQ(daemon.exits()[0].signal, SIGKILL);
  EXPECT_TRUE(daemon.run_until([&] { return !exists(child); }));
  EXPECT_EQ(daemon.state_of(1), "running");
}

TEST_F(AgentTest, ItsDeathEndsItsRanksAndTheNextAgentReportsThemOnce) {
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

TEST_F(AgentTest, WhatIsNotAcknowledgedIsSentAgainToTheNextDaemonAndNumbersNeverRestart) {
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

TEST_F(AgentTest, RefusesALowerTermASecondDaemonOfOneTermAndAnOlderGeneration) {
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

TEST_F(AgentTest, StopsRanksWithGraceThenByForceAndSaysThatTheyWereAsked) {
  write_config({"0:save=" + run() + "/saved:0", "1:deaf", R"(say={"phase":"train"})", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.entries.size() == 2; }));
  daemon.send(wire::StopRanks{"stop", 1, "1.1", false, 300});
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2; }));
  EXPECT_TRUE(path_exists(run() + "/saved"));
  const auto exits = daemon.exits();
  EXPECT_EQ(exits[0].rank, 0);
  EXPECT_EQ(exits[0].exit_code, 0);
  EXPECT_EQ(exits[1].rank, 1);
  EXPECT_EQ(exits[1].signal, SIGKILL);
  EXPECT_TRUE(exits[0].asked && exits[1].asked);
}

TEST_F(AgentTest, ANewLaunchEndsTheOlderRanksFirst) {
  write_config({"deaf", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return running(daemon, 0) && running(daemon, 1); }));
  const int64_t older[] = {daemon.pid_of(0), daemon.pid_of(1)};
  daemon.send(launch(daemon, "1.2"));
  ASSERT_TRUE(daemon.run_until(
      [&] { return running(daemon, 0) && daemon.ranks.size() == 2 && daemon.ranks[0].generation == "1.2"; }));
  EXPECT_FALSE(exists(older[0]) || exists(older[1]));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2; }));
  for (const wire::ExitReport& exit : daemon.exits()) EXPECT_TRUE(exit.asked && exit.generation == "1.1");
}

TEST_F(AgentTest, TellsRanksWhatTheDaemonTellsThem) {
  write_config({"0:hear=" + run() + "/heard-0", "1:hear=" + run() + "/heard-1", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return running(daemon, 0) && running(daemon, 1); }));
  daemon.run_for_ms(200);  // until both have connected
  daemon.send(wire::TellRanks{"tell", 1, "1.1", "checkpoint"});
  for (const char* file : {"/heard-0", "/heard-1"}) {
    EXPECT_TRUE(daemon.run_until(
        [&] { return read_file(run() + file).value_or("") == R"({"command":"checkpoint"})"; }));
  }
}

TEST_F(AgentTest, GarbageFromARankHarmsNobody) {
  write_config({"0:say=this is no JSON", "0:say=" + std::string(70'000, 'x'), "1:steps=1:5:20", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  // Rank 0 never speaks: after two more steps rank 1's word is taken.
  EXPECT_TRUE(daemon.run_until([&] { return daemon.entries.size() == 3; }));
  EXPECT_TRUE(running(daemon, 0) && running(daemon, 1));
}

TEST_F(AgentTest, WithoutADaemonItStopsTheRanksAfterTheOrphanTimeoutAndGoesOnWaiting) {
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
  EXPECT_TRUE(exists(agent));
  FakeDaemon next(run(), 2, "uuid-b");
  EXPECT_TRUE(next.run_until([&] { return next.exits().size() == 2; }));
  for (const wire::ExitReport& exit : next.exits()) EXPECT_TRUE(exit.asked && exit.exit_code == 0);
}

TEST_F(AgentTest, LeavesADaemonThatIsOnlyStoppedForANewerOneThatHasPublishedItself) {
  write_config({"forever"});
  FakeDaemon stopped(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(stopped.run_until([&] { return stopped.hellos == 1 && stopped.heartbeats > 0; }));
  // From here on the first one does not run: its connection stays open and silent.
  FakeDaemon newer(run(), 2, "uuid-b");
  EXPECT_TRUE(newer.run_until([&] { return newer.heartbeats > 0; }));
  EXPECT_TRUE(exists(agent));
}

TEST_F(AgentTest, TriesAgainWhenADaemonDoesNotWelcomeIt) {
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

}  // namespace
}  // namespace longhaul::daemon
