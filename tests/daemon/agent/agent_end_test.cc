// How an agent, and what it started, comes to an end.
#include "tests/daemon/agent/agent_fixture.h"

namespace longhaul::daemon {
namespace {

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
