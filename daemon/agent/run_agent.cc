#include "daemon/agent/run_agent.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/file.h"
#include "base/posix/lock_file.h"
#include "base/posix/system_clock.h"
#include "config/load.h"
#include "daemon/agent/agent.h"

namespace longhaul::daemon {
namespace {

int fail(const std::string& message) {
  fmt::print(stderr, "longhaul-agent: {}\n", message);
  return 2;
}

std::string variable(const char* name, const std::string& otherwise = "") {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string absolute(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  const std::string result = resolved;
  std::free(resolved);
  return result;
}

// Neither a Ctrl-C in the daemon's terminal nor its end may reach the agent. A group leader cannot leave its
// session: then the terminal's signals are ignored instead.
void leave_terminal() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  if (::getsid(0) != ::getpid()) ::setsid();
}

void listen_for_end(boost::asio::signal_set& signals, Agent& agent) {
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    agent.terminate();
    listen_for_end(signals, agent);
  });
}

}  // namespace

int run_agent(const AgentArguments& arguments) {
  const std::string run_directory = absolute(arguments.run_directory);
  const auto config = config::load(run_directory + "/run.yaml");
  if (!config) return fail(config.error().message);
  AgentPaths paths = agent_paths(config->paths, arguments.node, variable("TMPDIR", "/tmp"));
  paths.key_file = variable("LONGHAUL_CLUSTER_KEY_FILE", paths.key_file);
  AgentOptions options;
  options.node = arguments.node;
  options.run_directory = run_directory;
  options.address = variable("LONGHAUL_AGENT_ADDRESS");
  const std::string interval = variable("LONGHAUL_AGENT_INTERVAL_MS", "500");
  options.interval_ms = std::strtoll(interval.c_str(), nullptr, 10);
  if (options.interval_ms < 1)
    return fail("LONGHAUL_AGENT_INTERVAL_MS is '" + interval + "'; it must be above 0");
  const std::string executable = absolute(arguments.executable);
  options.trainer = executable.substr(0, executable.rfind('/')) + "/longhaul-trainer";

  if (const auto made = make_agent_folders(paths); !made) return fail(made.error().message);
  const auto lock = LockFile::acquire(paths.lock);
  if (!lock) return fail("another agent serves node " + arguments.node + ": " + lock.error().message);
  leave_terminal();
  log_start("longhaul-agent", paths.logs + "/agent.log");
  if (const auto written = write_file_durably(paths.pid, std::to_string(::getpid()) + "\n"); !written)
    return fail(written.error().message);

  boost::asio::io_context io(1);
  const SystemClock clock;
  boost::asio::signal_set signals(io, SIGTERM);
  auto agent = Agent::create(io, std::move(options), *config, paths, clock);
  if (!agent) {
    log_error(agent.error().message);
    return fail(agent.error().message);
  }
  log_info(
      fmt::format("agent of node {} for run {}, process {}", arguments.node, config->run.name, ::getpid()));
  listen_for_end(signals, **agent);
  (*agent)->start();
  io.run();
  return 0;
}

}  // namespace longhaul::daemon
