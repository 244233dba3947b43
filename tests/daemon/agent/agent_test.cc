#include "daemon/agent/agent.h"

#include "tests/daemon/agent/agent_program.h"

namespace longhaul::daemon {
namespace {

using AgentTest = AgentProgramTest;

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

}  // namespace
}  // namespace longhaul::daemon
