#include "trainer/loop/dry_run.h"

#include "trainer/shape/cost.h"
#include "trainer/shape/parameter_layout.h"
#include "trainer/shape/validate.h"

namespace longhaul::trainer {

Result<json::object> dry_run(const config::RunConfig& config) {
  LH_TRY(validate_run(config));
  LH_ASSIGN(const ParameterLayout layout, ParameterLayout::build(config.model));
  const MemoryEstimate memory = memory_estimate(config.model, config.batch.micro, config.parallel.data);
  const int64_t step_tokens = config.batch.global * config.model.sequence_length;
  // master, m and v in f32, over all ranks; headers and manifest not counted.
  const int64_t checkpoint_bytes = 3 * 4 * layout.padded_size();
  return json::object{{"parameters", parameter_count(config.model)},
                      {"ranks", config.parallel.ranks()},
                      {"tokens_per_step", step_tokens},
                      {"tokens", step_tokens * config.run.target_steps},
                      {"model_flops_per_step", model_flops(config.model, config.batch.global)},
                      {"hardware_flops_per_step", hardware_flops(config.model, config.batch.global)},
                      {"memory_bytes_per_rank", json::object{{"weights", memory.weights},
                                                             {"gradients", memory.gradients},
                                                             {"gradient_sums", memory.gradient_sums},
                                                             {"optimizer", memory.optimizer},
                                                             {"activations", memory.activations},
                                                             {"total", memory.total()}}},
                      {"checkpoint_bytes", checkpoint_bytes}};
}

}  // namespace longhaul::trainer
