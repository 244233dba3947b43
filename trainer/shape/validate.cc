#include "trainer/shape/validate.h"

#include <string>

#include <fmt/format.h>

#include "trainer/shape/cost.h"

namespace longhaul::trainer {

namespace {

Result<> check_size(const char* key, int64_t value, int64_t limit) {
  if (value < 1 || value > limit)
    return invalid(fmt::format("{}: {} is not between 1 and {}", key, value, limit));
  return {};
}

}  // namespace

Result<> validate_shape(const config::Model& model) {
  LH_TRY(check_size("model.layers", model.layers, 10'000));
  LH_TRY(check_size("model.hidden", model.hidden, 1'000'000));
  LH_TRY(check_size("model.heads", model.heads, 100'000));
  LH_TRY(check_size("model.sequence_length", model.sequence_length, 10'000'000));
  LH_TRY(check_size("model.vocabulary_size", model.vocabulary_size, 100'000'000));
  if (model.hidden % model.heads != 0) {
    return invalid(
        fmt::format("model.hidden: {} is not divisible by model.heads: {}", model.hidden, model.heads));
  }
  if (model.hidden / model.heads % 2 != 0) {
    return invalid(fmt::format("model.hidden / model.heads: the head size {} is odd; it must be even",
                               model.hidden / model.heads));
  }
  return {};
}

Result<> validate_topology(const config::Model& model, const config::Parallel& parallel,
                           const config::Batch& batch) {
  LH_TRY(validate_shape(model));
  if (parallel.tensor != 1) {
    return invalid(fmt::format("parallel.tensor: {} is not supported; only 1 is", parallel.tensor));
  }
  if (parallel.pipeline != 1) {
    return invalid(fmt::format("parallel.pipeline: {} is not supported; only 1 is", parallel.pipeline));
  }
  LH_TRY(check_size("parallel.data", parallel.data, kMaxDataParallel));
  LH_TRY(check_size("batch.micro", batch.micro, 1'000'000));
  LH_TRY(check_size("batch.global", batch.global, 1'000'000'000));
  if (batch.global % batch.micro != 0) {
    return invalid(
        fmt::format("batch.global: {} is not divisible by batch.micro: {}", batch.global, batch.micro));
  }
  const int64_t micro_batches = batch.global / batch.micro;
  if (micro_batches < parallel.data) {
    return invalid(
        fmt::format("batch.global / batch.micro: {} micro-batches are too few for parallel.data: {}",
                    micro_batches, parallel.data));
  }
  if (micro_batches > kMaxMicroBatches) {
    return invalid(
        fmt::format("batch.global / batch.micro: {} micro-batches a step, at most {} are supported",
                    micro_batches, kMaxMicroBatches));
  }
  return {};
}

Result<> validate_run(const config::RunConfig& config) {
  LH_TRY(validate_topology(config.model, config.parallel, config.batch));
  // In floating point, because the integers of cost.h would overflow on what is to be refused here.
  constexpr double kMost = 4e18;
  const double bytes = approximate_memory_bytes(config.model, config.batch.micro);
  if (bytes > kMost) {
    return invalid(fmt::format(
        "model, batch.micro: a rank would need about {:.1e} bytes of memory, more than can be counted",
        bytes));
  }
  const double tokens = static_cast<double>(config.run.target_steps) *
                        static_cast<double>(config.batch.global) *
                        static_cast<double>(config.model.sequence_length);
  if (tokens > kMost) {
    return invalid(fmt::format(
        "run.target_steps × batch.global × model.sequence_length: {:.1e} tokens are more than can be counted",
        tokens));
  }
  return {};
}

}  // namespace longhaul::trainer
