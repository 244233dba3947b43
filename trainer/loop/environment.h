// What a rank is told by whoever started it: torchrun's variables and ours. Without them (a program
// started by hand) it is rank 0 of 1.
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/core/result.h"

namespace longhaul::trainer {

struct RankEnvironment {
  int rank = 0;
  int world_size = 1;
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 0;
  int master_fd = -1;         // LONGHAUL_MASTER_FD, rank 0 only: listens at the master port already
  std::string agent_socket;   // LONGHAUL_SOCKET; empty: unsupervised
  std::string run_directory;  // LONGHAUL_RUN_DIR
  // False: no LONGHAUL_GENERATION. Then nobody decides for the ranks: they take the next free generation
  // on the store and the newest checkpoint that can be restored.
  bool directed = false;
  std::string generation = "0.0";
  int64_t branch = 0;
  std::string resume;  // LONGHAUL_RESUME: checkpoint folder; empty: start at step 0
};

// get: std::getenv, or a table in tests. kInvalid names the variable and what it held.
Result<RankEnvironment> read_environment(const std::function<const char*(const char*)>& get);

}  // namespace longhaul::trainer
