// The environment of a rank: torchrun's contract plus ours (docs: environment of a rank). Pure.
#pragma once

#include <string>
#include <vector>

#include "config/run_config.h"
#include "daemon/agent/core/agent_command.h"

namespace longhaul::daemon {

struct RankSetting {
  std::string run_directory;
  std::string node;
  std::string socket;  // the agent's
  std::string error_file;
  int master_fd = -1;  // an inherited listening socket for MASTER_PORT; -1: none
};

// base: the agent's own environment; what belongs to one task of a batch system or to another rank is
// taken out, what is set here replaces what was there.
std::vector<std::string> rank_environment(const std::vector<std::string>& base,
                                          const config::RunConfig& config, const LaunchCommand& launch,
                                          const RankPlace& place, const RankSetting& setting);

}  // namespace longhaul::daemon
