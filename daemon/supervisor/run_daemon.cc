#include "daemon/supervisor/run_daemon.h"

#include <csignal>
#include <cstdio>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/file.h"
#include "base/posix/lock_file.h"
#include "config/load.h"
#include "daemon/supervisor/supervisor.h"

namespace longhaul::daemon {
namespace {

int fail(const std::string& message) {
  std::fprintf(stderr, "longhauld: %s\n", message.c_str());
  return 2;
}

}  // namespace

int run_daemon(const DaemonArguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string run_directory =
      std::filesystem::absolute(arguments.run_directory).lexically_normal().string();
  const auto config = config::load(run_directory + "/run.yaml", run_directory);
  if (!config) return fail(config.error().message);
  if (const auto made = make_directories(config->paths.state); !made) return fail(made.error().message);
  const auto lock = LockFile::acquire(config->paths.state + "/daemon.lock");
  if (!lock) return fail("another daemon owns this run: " + lock.error().message);
  log_start("longhauld", config->paths.state + "/daemon.log");

  boost::asio::io_context io;
  auto supervisor = Supervisor::start(
      io, *config, {run_directory, arguments.program_folder, arguments.exit_when_done, arguments.fresh});
  if (!supervisor) {
    log_error(supervisor.error().message);
    return fail(supervisor.error().message);
  }
  const auto pid = write_file_durably(config->paths.state + "/daemon.pid", fmt::format("{}\n", getpid()));
  if (!pid) return fail(pid.error().message);
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  bool told_to_leave = false;
  signals.async_wait([&](auto ec, int number) {
    if (ec || (*supervisor)->is_leaving()) return;  // what it has decided is its end
    told_to_leave = true;
    log_info(fmt::format("signal {}: leaving; the ranks run on", number));
    io.stop();
  });
  io.run();
  const int code = told_to_leave ? kExitLeft : (*supervisor)->exit_code();
  log_info(fmt::format("exit {}", code));
  // Everything that counts is on disk. A worker may hang in a store that does not answer: it is not
  // waited for, and no destructor runs under its feet.
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace longhaul::daemon
