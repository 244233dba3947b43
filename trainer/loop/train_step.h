// One training step of one data-parallel rank, with ZeRO-1:
//
//   own micro-batches → f32 gradients → int64 fixed point ─ reduce-scatter ─▶ own slice, f32
//   → squares of fixed blocks ─ all-gather ─▶ norm; losses, control bits ─ all-reduce ─▶ clip, rate
//   → AdamW on the own slice → bf16 weights ─ all-gather ─▶ next step
//
// Exactness: a micro-batch's gradient does not depend on where it is computed, integer sums do not depend
// on their order, and block sums and losses are added in index order on every rank. So loss and weights are
// the same bits for any data-parallel size.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/core/result.h"
#include "config/run_config.h"
#include "trainer/comm/communicator.h"
#include "trainer/comm/shared_arena.h"
#include "trainer/data/batch_source.h"
#include "trainer/loop/shard_state.h"
#include "trainer/model/model.h"

namespace longhaul::trainer {

// Agreed by all ranks in the middle of a step: the bits of one rank are seen by all in the same step.
enum ControlBit : uint64_t {
  kControlCheckpoint = 1,  // save after this step
  kControlStop = 2,        // save after this step and leave
  kControlNonfinite = 4,   // a gradient was not finite, or beyond what fixed point holds
};

struct StepResult {
  int64_t step = 0;
  float loss = 0;            // mean over the global batch
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  uint64_t control = 0;
  // Loss and gradients are finite. If not, the optimizer was not run: weights and state are as before.
  bool finite = true;
  double step_ms = 0;
  double compute_ms = 0;
  double communication_ms = 0;
};

class TrainStep {
 public:
  // The large buffers that peers on this machine may read.
  struct Arenas {
    SharedArena sums;     // int64, fixed point, [layout.padded_size()]
    SharedArena weights;  // Bf16, [layout.padded_size()]
  };
  static Result<Arenas> make_arenas(const ParameterLayout& layout);

  // now_us: monotonic microseconds. All references outlive this.
  TrainStep(const config::RunConfig& config, Model& model, const data::BatchSource& source,
            const Kernels& kernels, std::function<int64_t()> now_us, Arenas arenas);

  // Before the first use of a new set of peers.
  Result<> meet(Communicator& data_parallel);

  // [layout.padded_size()], whole on every rank between steps.
  std::span<Bf16> weights() { return weights_; }
  // Rounds the slice's master weights and brings all slices together: after start or restore.
  Result<> gather_weights(Communicator& data_parallel, const ShardState& shard);
  // This rank's own ControlBits; asked as late in the step as they can still be agreed on.
  using PollControl = std::function<Result<uint64_t>()>;
  // Step `step` ≥ 1 consumes samples [(step-1)·global, step·global).
  Result<StepResult> run(int64_t step, const PollControl& poll, Communicator& data_parallel,
                         ShardState& shard);

 private:
  struct Stopwatch;
  Result<StepResult> run_untimed(int64_t step, const PollControl& poll, Communicator& data_parallel,
                                 ShardState& shard);
  // Gradients of this rank's micro-batches into sums_, losses into losses_. False: not finite.
  Result<bool> accumulate(int64_t step, Communicator& data_parallel);
  Result<> reduce_gradients(Communicator& data_parallel, const ShardState& shard);
  Result<double> gradient_norm(Communicator& data_parallel, const ShardState& shard);
  Result<> all_gather_weights(Communicator& data_parallel);
  float mean_loss() const;
  AdamwStep optimizer_step(int64_t step, const StepResult& result) const;

  const config::RunConfig& config_;
  Model& model_;
  const data::BatchSource& source_;
  const Kernels& kernels_;
  std::function<int64_t()> now_us_;
  int64_t micro_batches_;  // of a step, over all ranks

  Arenas arenas_;
  std::span<Bf16> weights_;
  std::span<int64_t> sums_;
  std::vector<float> gradients_;           // of one micro-batch; then the reduced slice
  std::vector<double> block_squares_;      // [layout.blocks()]
  std::vector<double> losses_;             // [global batch], by index of the sample in the batch
  std::vector<int32_t> sample_;            // [T + 1]
  std::vector<int32_t> tokens_, targets_;  // [B, T]
};

}  // namespace longhaul::trainer
