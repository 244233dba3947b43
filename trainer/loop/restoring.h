// Choosing and loading a checkpoint, by all ranks together: rank 0 proposes, every rank loads and verifies
// its slice, and only if all could is it taken; else the next older one of the same lineage. So all ranks
// always stand at the same step, whatever is wrong with whose bytes.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "checkpoint/store/store.h"
#include "config/run_config.h"
#include "trainer/comm/communicator.h"
#include "trainer/loop/shard_state.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

struct RejectedCheckpoint {
  std::string path;
  std::string reason;
  bool damaged = true;  // false: some rank could not read it now, which says nothing about its bytes
};

// How long after the first failure a rank reads again what it could not read. A large slice that takes longer
// than that is read once more at most, because the others wait.
struct ReadAgain {
  int64_t for_ms = 3'000;
  int64_t pause_ms = 500;
};

struct Restored {
  int64_t step = 0;
  std::string path;
};

class Restoring {
 public:
  Restoring(const config::RunConfig& config, const ParameterLayout& layout, const checkpoint::Store& store,
            ReadAgain again = {});

  // Fills `shard` from the folder `resume`, or from the newest older one that all ranks can load. Empty:
  // the newest of the branch. kNotFound: there is none, or all are damaged. kUnavailable: the store fails, or
  // of what is left some could not be read; a later launch may find it. rejected: what was tried before, the
  // same on every rank, filled also when all failed.
  Result<Restored> restore(Communicator& world, const std::string& resume, int64_t branch, ShardState& shard,
                           std::vector<RejectedCheckpoint>& rejected);

  // Rank 0 alone, without an agent's orders: is there anything to restore on the branch, and the newest
  // generation that was launched or has saved (sequence -1: none).
  struct Found {
    bool restorable = false;
    std::string unusable;  // why what was once saved cannot be restored; empty: nothing was
    int64_t newest_term = 0;
    int64_t newest_sequence = -1;
  };
  Result<Found> look(int64_t branch) const;

 private:
  Result<std::vector<std::string>> candidates(const std::string& resume, int64_t branch) const;
  Result<> check_fits(const checkpoint::Manifest& manifest) const;
  Result<int64_t> load(const std::string& path, ShardState& shard) const;
  // One rank's word on a checkpoint that it could not load.
  Error judge(int rank, const Error& error) const;

  const config::RunConfig& config_;
  const ParameterLayout& layout_;
  const checkpoint::Store& store_;
  const ReadAgain again_;
};

}  // namespace longhaul::trainer
