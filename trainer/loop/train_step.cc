#include "trainer/loop/train_step.h"

#include <algorithm>
#include <cmath>

#include "base/core/check.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/loop/learning_rate.h"

namespace longhaul::trainer {
namespace {

// Where the slices of all ranks begin, in units of divide/multiply elements.
std::vector<int64_t> slice_cuts(const ParameterLayout& layout, int ranks, int64_t multiply, int64_t divide) {
  std::vector<int64_t> cuts{0};
  for (int r = 0; r < ranks; ++r) cuts.push_back(layout.shard_range(r, ranks).end * multiply / divide);
  return cuts;
}

}  // namespace

// Adds what passes between construction and destruction to a sum of milliseconds.
struct TrainStep::Stopwatch {
  Stopwatch(const std::function<int64_t()>& now, double& sum) : now_us(now), sum_ms(sum), start_us(now()) {}
  ~Stopwatch() { sum_ms += static_cast<double>(now_us() - start_us) / 1000.0; }
  const std::function<int64_t()>& now_us;
  double& sum_ms;
  int64_t start_us;
};

TrainStep::TrainStep(const config::RunConfig& config, Model& model, const data::BatchSource& source,
                     const Kernels& kernels, std::function<int64_t()> now_us, Arenas arenas)
    : config_(config),
      model_(model),
      source_(source),
      kernels_(kernels),
      now_us_(std::move(now_us)),
      micro_batches_(config.batch.global / config.batch.micro),
      arenas_(std::move(arenas)),
      weights_(arenas_.weights.as<Bf16>()),
      sums_(arenas_.sums.as<int64_t>()) {
  CHECK(micro_batches_ * config.batch.micro == config.batch.global);
  const auto arena = static_cast<size_t>(model.layout().padded_size());
  CHECK(weights_.size() == arena && sums_.size() == arena);
  gradients_.resize(arena);
  block_squares_.resize(static_cast<size_t>(model.layout().blocks()));
  losses_.resize(static_cast<size_t>(config.batch.global));
  sample_.resize(static_cast<size_t>(config.model.sequence_length) + 1);
  tokens_.resize(static_cast<size_t>(model.tokens()));
  targets_.resize(static_cast<size_t>(model.tokens()));
}

Result<TrainStep::Arenas> TrainStep::make_arenas(const ParameterLayout& layout) {
  Arenas arenas;
  LH_ASSIGN(arenas.sums, SharedArena::create(layout.padded_size() * static_cast<int64_t>(sizeof(int64_t))));
  LH_ASSIGN(arenas.weights, SharedArena::create(layout.padded_size() * static_cast<int64_t>(sizeof(Bf16))));
  return arenas;
}

Result<> TrainStep::meet(Communicator& data_parallel) {
  LH_TRY(data_parallel.share(arenas_.sums));
  return data_parallel.share(arenas_.weights);
}

Result<> TrainStep::all_gather_weights(Communicator& data_parallel) {
  const auto cuts = slice_cuts(model_.layout(), data_parallel.size(), sizeof(Bf16), 1);
  return data_parallel.all_gather(std::as_writable_bytes(weights_), cuts);
}

Result<> TrainStep::gather_weights(Communicator& data_parallel, const ShardState& shard) {
  kernels_.round_to_bf16(shard.master().data(), weights_.data() + shard.range().begin, shard.range().size());
  return all_gather_weights(data_parallel);
}

Result<bool> TrainStep::accumulate(int64_t step, Communicator& data_parallel) {
  std::fill(sums_.begin(), sums_.end(), 0);
  std::fill(losses_.begin(), losses_.end(), 0.0);
  const int64_t batch = config_.batch.micro;
  const int64_t length = config_.model.sequence_length;
  bool finite = true;
  for (int64_t micro = data_parallel.rank(); micro < micro_batches_; micro += data_parallel.size()) {
    for (int64_t b = 0; b < batch; ++b) {
      LH_TRY(source_.read_sample((step - 1) * config_.batch.global + micro * batch + b, sample_.data()));
      std::copy_n(sample_.begin(), length, tokens_.begin() + b * length);
      std::copy_n(sample_.begin() + 1, length, targets_.begin() + b * length);
    }
    model_.forward_backward(weights_.data(), tokens_.data(), targets_.data(), gradients_.data(),
                            losses_.data() + micro * batch);
    const FlushSubnormals flush;
    finite =
        kernels_.fixed_point_accumulate(gradients_.data(), sums_.data(), model_.layout().padded_size()) &&
        finite;
  }
  return finite;
}

Result<> TrainStep::reduce_gradients(Communicator& data_parallel, const ShardState& shard) {
  LH_TRY(data_parallel.reduce_scatter_sum(sums_, slice_cuts(model_.layout(), data_parallel.size(), 1, 1)));
  const FlushSubnormals flush;
  kernels_.fixed_point_to_float(sums_.data() + shard.range().begin, gradients_.data(), shard.range().size(),
                                static_cast<double>(micro_batches_));
  return {};
}

Result<double> TrainStep::gradient_norm(Communicator& data_parallel, const ShardState& shard) {
  {
    const FlushSubnormals flush;
    kernels_.block_squares(gradients_.data(), shard.range().size(),
                           block_squares_.data() + shard.range().begin / kBlockElements);
  }
  const auto cuts = slice_cuts(model_.layout(), data_parallel.size(), sizeof(double), kBlockElements);
  LH_TRY(data_parallel.all_gather(std::as_writable_bytes(std::span(block_squares_)), cuts));
  double squares = 0;
  for (const double block : block_squares_) squares += block;
  return std::sqrt(squares);
}

float TrainStep::mean_loss() const {
  double sum = 0;
  for (const double loss : losses_) sum += loss;
  return static_cast<float>(sum / static_cast<double>(losses_.size()));
}

AdamwStep TrainStep::optimizer_step(int64_t step, const StepResult& result) const {
  const config::Optimizer& o = config_.optimizer;
  AdamwStep adamw;
  adamw.learning_rate = static_cast<float>(result.learning_rate);
  adamw.beta1 = static_cast<float>(o.beta1);
  adamw.beta2 = static_cast<float>(o.beta2);
  adamw.epsilon = static_cast<float>(o.epsilon);
  adamw.weight_decay = static_cast<float>(o.weight_decay);
  adamw.m_correction = adamw_correction(o.beta1, step);
  adamw.v_correction = adamw_correction(o.beta2, step);
  // As torch.nn.utils.clip_grad_norm_ does, its 1e-6 included.
  const double scale = o.clip > 0 ? o.clip / (result.gradient_norm + 1e-6) : 1.0;
  adamw.gradient_scale = static_cast<float>(std::min(scale, 1.0));
  return adamw;
}

Result<StepResult> TrainStep::run(int64_t step, const PollControl& poll, Communicator& data_parallel,
                                  ShardState& shard) {
  const int64_t start_us = now_us_();
  LH_ASSIGN(StepResult result, run_untimed(step, poll, data_parallel, shard));
  result.step_ms = static_cast<double>(now_us_() - start_us) / 1000.0;
  return result;
}

Result<StepResult> TrainStep::run_untimed(int64_t step, const PollControl& poll, Communicator& data_parallel,
                                          ShardState& shard) {
  StepResult result;
  result.step = step;
  result.learning_rate = learning_rate_at(config_.optimizer, step * config_.batch.global);
  {
    const Stopwatch compute(now_us_, result.compute_ms);
    LH_ASSIGN(const bool finite, accumulate(step, data_parallel));
    if (!finite) result.control |= kControlNonfinite;
  }
  LH_ASSIGN(const uint64_t own_bits, poll());
  result.control |= own_bits;
  {
    const Stopwatch communication(now_us_, result.communication_ms);
    LH_TRY(reduce_gradients(data_parallel, shard));
    LH_ASSIGN(result.gradient_norm, gradient_norm(data_parallel, shard));
    LH_TRY(data_parallel.all_reduce_or(std::span(&result.control, 1)));
    // Every sample has one rank that knows its loss; the others add zero, which changes no bit.
    LH_TRY(data_parallel.all_reduce_sum(losses_));
  }
  result.loss = mean_loss();
  result.finite = (result.control & kControlNonfinite) == 0 && std::isfinite(result.loss) &&
                  std::isfinite(result.gradient_norm);
  if (!result.finite) return result;
  {
    const Stopwatch compute(now_us_, result.compute_ms);
    const FlushSubnormals flush;
    shard.apply(kernels_, model_.layout(), optimizer_step(step, result),
                std::span(gradients_).first(static_cast<size_t>(shard.range().size())),
                weights_.data() + shard.range().begin);
  }
  {
    const Stopwatch communication(now_us_, result.communication_ms);
    LH_TRY(all_gather_weights(data_parallel));
  }
  return result;
}

}  // namespace longhaul::trainer
