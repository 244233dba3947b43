// Saving, by all ranks together: rank 0 makes the folder, each rank writes its slice, rank 0 commits the
// manifest and tells everyone how it ended. Every rank returns the same answer.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "checkpoint/format/layout.h"
#include "checkpoint/store/store.h"
#include "config/run_config.h"
#include "trainer/comm/communicator.h"
#include "trainer/loop/shard_state.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

checkpoint::Layout checkpoint_layout(const ParameterLayout& layout);

// What is written into each manifest and does not change within a generation.
struct Lineage {
  std::string generation;
  int64_t branch = 0;
  std::string parent;  // folder name restored from; empty: from step 0
};

struct Saved {
  std::string path;
  int64_t step = 0;
  int64_t size_bytes = 0;
  double duration_ms = 0;
};

// How a save ended, the same on every rank.
struct SaveAnswer {
  std::optional<Saved> saved;
  Error error;  // when not saved. kDenied: fenced, a newer generation has taken over
};

class Checkpointing {
 public:
  Checkpointing(const config::RunConfig& config, const ParameterLayout& layout, checkpoint::Store& store,
                std::function<int64_t()> now_us);

  // An error is one of the collectives: the group is dead, and whether the checkpoint exists is unknown. Else
  // all ranks know how it ended; of a failed save rank 0 has removed what it could, and training may go on.
  Result<SaveAnswer> save(Communicator& world, const ShardState& shard, int64_t step, const Lineage& lineage);

 private:
  Result<checkpoint::ShardEntry> write_own(const checkpoint::CheckpointKey& key, int rank,
                                           const ShardState& shard);
  Result<Saved> commit(const std::vector<std::string>& answers, const checkpoint::CheckpointKey& key, int dp,
                       const Lineage& lineage);

  const config::RunConfig& config_;
  const ParameterLayout& layout_;
  checkpoint::Store& store_;
  std::function<int64_t()> now_us_;
};

}  // namespace longhaul::trainer
