#include "daemon/agent/process/rank_launcher.h"

#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "daemon/agent/process/rank_environment.h"

namespace longhaul::daemon {
namespace {

Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return errno_error("open " + path);
  return fd;
}

// Our rank 0 inherits the listening socket; any other program binds the port itself, so it must be free.
Result<> prepare_rendezvous(bool inherited, const std::string& address, int port,
                            RendezvousSocket& rendezvous) {
  if (inherited && rendezvous.port() == port) return {};
  if (!inherited) {
    if (rendezvous.port() == port) rendezvous.close();
    return {};
  }
  LH_ASSIGN(rendezvous, RendezvousSocket::open(address, port));
  return {};
}

}  // namespace

Result<StartedRank> RankLauncher::start(const LaunchCommand& launch, const RankPlace& place,
                                        const std::string& address, RendezvousSocket& rendezvous) const {
  const std::string folder = fmt::format("{}/{}", places_.logs, launch.generation.text());
  const std::string prefix = fmt::format("{}/rank-{}", folder, place.rank);
  LH_TRY(make_directories(folder));
  LH_ASSIGN(const UniqueFd out, open_log(prefix + ".out"));
  LH_ASSIGN(const UniqueFd err, open_log(prefix + ".err"));
  StartedRank started;
  started.error_log = prefix + ".err";
  started.error_log_offset = ::lseek(err.get(), 0, SEEK_END);

  RankSetting setting{places_.run_directory, places_.node, places_.socket, prefix + ".error.json", -1};
  ChildSpec spec;
  if (place.rank == 0) {
    LH_TRY(prepare_rendezvous(ours(), address, launch.master_port, rendezvous));
    if (ours()) {
      setting.master_fd = rendezvous.fd();
      spec.inherited_fds = {rendezvous.fd()};
    }
  }
  spec.argv = ours() ? std::vector<std::string>{places_.trainer, "--run-dir", places_.run_directory}
                     : config_.trainer.command;
  spec.environment = rank_environment(current_environment(), config_, launch, place, setting);
  spec.stdout_fd = out.get();
  spec.stderr_fd = err.get();
  spec.own_session = true;
  spec.death_signal = SIGKILL;
  LH_ASSIGN(started.child, spawn_child(spec));
  if (place.rank == 0 && ours()) rendezvous.close();
  if (const auto info = process_info(started.child.pid)) started.start_ticks = info->start_ticks;
  return started;
}

}  // namespace longhaul::daemon
