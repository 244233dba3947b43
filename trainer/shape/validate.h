// Can this network be trained at this topology? config/load checks types and ranges of single keys; here is
// what needs several of them together.
// Thread-safety: pure functions.
#pragma once

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::trainer {

inline constexpr int kMaxDataParallel = 64;
inline constexpr int64_t kMaxMicroBatches =
    4096;  // in one step, over all ranks: bound of the fixed-point sums

// The network alone: sizes positive and bounded, hidden divisible by heads, an even head size.
Result<> validate_shape(const config::Model& model);
// The network cut over ranks, and the batch cut into micro-batches. Messages name the keys.
Result<> validate_topology(const config::Model& model, const config::Parallel& parallel,
                           const config::Batch& batch);
// The whole run: besides, that its memory and its tokens are numbers that can be counted with.
Result<> validate_run(const config::RunConfig& config);

}  // namespace longhaul::trainer
