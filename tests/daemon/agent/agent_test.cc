#include "daemon/agent/agent.h"

#include <csignal>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix/child_process.h"
#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "daemon/core/generation.h"
#include "tests/config/example.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/temporary_directory.h"

// Real agent processes, real ranks (tests/support/fake_rank), a real channel; only the daemon is the test.
namespace longhaul::daemon {
namespace {

using testing::FakeDaemon;

class AgentTest : public ::testing::Test {
 protected:
  // arguments: what each rank does.
  void write_config(const std::vector<std::string>& arguments, const std::string& more = "") {
    std::string list = json::to_text(json::value(LONGHAUL_FAKE_RANK));
    for (const std::string& argument : arguments) list += ", " + json::to_text(json::value(argument));
    write_config_text("trainer:\n  kind: command\n  command: [" + list + "]\n" + more);
  }
  void write_config_text(const std::string& more) {
    std::string yaml = config::example_yaml() + more;
    ASSERT_TRUE(write_file_durably(run() + "/run.yaml", yaml));
  }

  pid_t start_agent(const std::vector<std::string>& extra_environment = {},
                    const std::string& error_file = "") {
    ChildSpec spec;
    spec.argv = {LONGHAUL_AGENT, "--node", "node-0", "--run-dir", run()};
    spec.environment = current_environment();
    spec.environment.push_back("LONGHAUL_AGENT_INTERVAL_MS=20");
    for (const std::string& entry : extra_environment) spec.environment.push_back(entry);
    spec.death_signal = SIGKILL;
    UniqueFd errors;
    if (!error_file.empty()) errors.reset(::creat(error_file.c_str(), 0644));
    spec.stderr_fd = errors.get();
    auto child = spawn_child(spec);
    EXPECT_TRUE(child) << child.error().message;
    agents_.push_back(child->pid);
    return child->pid;
  }
  ExitStatus wait_agent(pid_t pid) {
    std::erase(agents_, pid);
    return wait_child(pid).value_or(ExitStatus{-2, 0});
  }
  void kill_agent(pid_t pid) {
    ::kill(pid, SIGKILL);
    wait_agent(pid);
  }
  void TearDown() override {
    if (HasFailure())
      std::fputs(read_file(node() + "/logs/agent.log").value_or("(no log)\n").c_str(), stderr);
    const auto agents = agents_;
    for (const pid_t pid : agents) kill_agent(pid);
  }

  wire::Launch launch(FakeDaemon& daemon, const std::string& generation, int ranks = 2) {
    wire::Launch message;
    message.id = "launch-" + generation;
    message.term = parse_generation(generation)->term;
    message.generation = generation;
    message.world_size = ranks;
    message.node_count = 1;
    for (int rank = 0; rank < ranks; ++rank) message.ranks.push_back({rank, rank});
    message.master_address = "127.0.0.1";
    message.master_port = daemon.rendezvous_port;
    message.resume = "/some/checkpoint";
    message.restarts = 4;
    return message;
  }
  static bool running(const FakeDaemon& daemon, int rank) { return daemon.state_of(rank) == "running"; }
  static bool exists(int64_t pid) {
    const auto info = process_info(static_cast<pid_t>(pid));
    return info && info->state != 'Z';
  }

  const std::string& run() const { return directory_.path(); }
  std::string node() const { return run() + "/nodes/node-0"; }

  testing::TemporaryDirectory directory_;
  std::vector<pid_t> agents_;
};

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

TEST_F(AgentTest, LivesInASessionOfItsOwnWhereTheTerminalsSignalsDoNotReachIt) {
  write_config({"forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  EXPECT_EQ(process_info(agent)->session, agent);
  ::kill(agent, SIGINT);
  ::kill(agent, SIGHUP);
  daemon.heartbeats = 0;
  EXPECT_TRUE(daemon.run_until([&] { return daemon.heartbeats > 3; }));
}

// Killed at any instant, over and over: every rank that a generation was to have is reported once, no
// number is missing, and nothing is left running.
TEST_F(AgentTest, KilledAtAnyInstantItReportsEveryRankOnce) {
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

TEST_F(AgentTest, ShutdownKillsTellsAndLeaves) {
  write_config({"deaf", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return running(daemon, 0) && running(daemon, 1); }));
  daemon.send(wire::Shutdown{"bye", 1});
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2 && !daemon.connected(); }));
  const ExitStatus status = wait_agent(agent);
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_FALSE(path_exists(node() + "/sockets/agent.sock"));
}

TEST_F(AgentTest, SigtermLetsRanksSaveAndLeaves) {
  write_config({"save=" + run() + "/saved:0", R"(say={"phase":"train"})", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  const pid_t agent = start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1"));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.entries.size() == 2; }));
  ::kill(agent, SIGTERM);
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 2 && !daemon.connected(); }));
  EXPECT_EQ(wait_agent(agent).exit_code, 0);
  EXPECT_TRUE(path_exists(run() + "/saved"));
  for (const wire::ExitReport& exit : daemon.exits()) EXPECT_TRUE(exit.asked && exit.exit_code == 0);
}

TEST_F(AgentTest, ASecondAgentOfANodeGivesWayAndNamesTheFirst) {
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

TEST_F(AgentTest, AProgramThatIsMissingIsAnExitWithTheReason) {
  write_config_text("trainer:\n  kind: command\n  command: [/nowhere/trainer]\n");
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent();
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  daemon.send(launch(daemon, "1.1", 1));
  ASSERT_TRUE(daemon.run_until([&] { return daemon.exits().size() == 1; }));
  EXPECT_EQ(daemon.exits()[0].exit_code, -1);
  EXPECT_EQ(daemon.exits()[0].signal, 0);
  EXPECT_NE(daemon.exits()[0].last_stderr.find("/nowhere/trainer: No such file"), std::string::npos);
}

TEST_F(AgentTest, GivesAForeignRankTorchrunsEnvironmentAndNoDescriptorsOfItsOwn) {
  write_config({"environment=" + run() + "/environment", "descriptors=" + run() + "/descriptors", "forever"});
  FakeDaemon daemon(run(), 1, "uuid-a");
  start_agent({"SLURM_PROCID=7", "LONGHAUL_CLUSTER_KEY_FILE=" + run() + "/state/cluster.key"});
  ASSERT_TRUE(daemon.run_until([&] { return daemon.hellos == 1; }));
  wire::Launch message = launch(daemon, "1.1", 1);
  const int port = daemon.rendezvous_port;
  daemon.send(message);
  ASSERT_TRUE(daemon.run_until([&] { return path_exists(run() + "/descriptors") && running(daemon, 0); }));
  const std::string environment = "\n" + *read_file(run() + "/environment");
  for (const char* entry :
       {"RANK=0", "LOCAL_RANK=0", "WORLD_SIZE=1", "LOCAL_WORLD_SIZE=1", "GROUP_RANK=0", "GROUP_WORLD_SIZE=1",
        "ROLE_RANK=0", "ROLE_WORLD_SIZE=1", "MASTER_ADDR=127.0.0.1", "TORCHELASTIC_RESTART_COUNT=4",
        "TORCHELASTIC_RUN_ID=demo", "TORCHELASTIC_USE_AGENT_STORE=False", "OMP_NUM_THREADS=1",
        "LONGHAUL_GENERATION=1.1", "LONGHAUL_BRANCH=0", "LONGHAUL_RESUME=/some/checkpoint"})
    EXPECT_NE(environment.find(std::string("\n") + entry + "\n"), std::string::npos) << entry;
  EXPECT_NE(environment.find("\nMASTER_PORT=" + std::to_string(port) + "\n"), std::string::npos);
  EXPECT_NE(environment.find("\nLONGHAUL_RUN_DIR=" + run() + "\n"), std::string::npos);
  EXPECT_EQ(environment.find("SLURM_PROCID"), std::string::npos);
  EXPECT_EQ(environment.find("CLUSTER_KEY"), std::string::npos);
  EXPECT_EQ(environment.find("LONGHAUL_MASTER_FD"), std::string::npos);
  EXPECT_EQ(*read_file(run() + "/descriptors"), "");
  EXPECT_NE(daemon.rendezvous_port, port);  // a fresh one for the next launch
  EXPECT_NE(daemon.rendezvous_port, 0);
}

TEST_F(AgentTest, WhenTheRunDirectoryIsGoneSoAreTheRanksAndTheAgent) {
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

}  // namespace
}  // namespace longhaul::daemon
