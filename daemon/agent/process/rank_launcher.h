// Starts one rank: its program, environment, log files and, for our rank 0, the rendezvous socket.
// Thread-safety: the agent's main thread only (a rank dies with the thread that started it).
#pragma once

#include <string>

#include "base/posix/child_process.h"
#include "config/run_config.h"
#include "daemon/agent/core/agent_command.h"
#include "daemon/agent/process/rendezvous_socket.h"

namespace longhaul::daemon {

struct RankPlaces {
  std::string trainer;        // path of longhaul-trainer
  std::string run_directory;  // absolute
  std::string node;
  std::string logs;    // <logs>/<generation>/rank-N.{out,err}
  std::string socket;  // the agent's, for ranks
};

struct StartedRank {
  Child child;
  uint64_t start_ticks = 0;
  std::string error_log;
  int64_t error_log_offset = 0;  // where this rank's output begins
};

class RankLauncher {
 public:
  RankLauncher(config::RunConfig config, RankPlaces places)
      : config_(std::move(config)), places_(std::move(places)) {}

  // rendezvous: closed afterwards when the rank took its port. address: where to bind MASTER_PORT when
  // `rendezvous` holds another port than the launch names.
  Result<StartedRank> start(const LaunchCommand& launch, const RankPlace& place, const std::string& address,
                            RendezvousSocket& rendezvous) const;

 private:
  bool ours() const { return config_.trainer.kind == "longhaul"; }

  config::RunConfig config_;
  RankPlaces places_;
};

}  // namespace longhaul::daemon
