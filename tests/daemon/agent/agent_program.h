// Real agent processes, real ranks (tests/support/fake_rank), a real channel; only the daemon is the test.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/core/generation.h"
#include "base/posix/child_process.h"
#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "tests/config/example.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {

using testing::FakeDaemon;

class AgentProgramTest : public ::testing::Test {
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

  TemporaryFolder directory_;
  std::vector<pid_t> agents_;
};

}  // namespace longhaul::daemon
