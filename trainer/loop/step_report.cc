#include "trainer/loop/step_report.h"

#include <cmath>

#include "trainer/shape/cost.h"

namespace longhaul::trainer {

std::string nonfinite_name(double number) {
  if (std::isfinite(number)) return "";
  if (std::isnan(number)) return "nan";
  return number > 0 ? "inf" : "-inf";
}

json::object phase_line(std::string_view phase) { return {{"phase", json::value(phase)}}; }

json::object step_line(const config::RunConfig& config, const StepResult& result) {
  const int64_t samples = result.step * config.batch.global;
  const int64_t step_tokens = config.batch.global * config.model.sequence_length;
  json::object line{
      {"step", result.step},
      {"phase", "train"},
      {"loss", json::number_or_null(static_cast<double>(result.loss))},
      {"grad_norm", json::number_or_null(result.gradient_norm)},
      {"learning_rate", result.learning_rate},
      {"tokens", samples * config.model.sequence_length},
      {"samples", samples},
      {"step_ms", result.step_ms},
      {"compute_ms", result.compute_ms},
      {"communication_ms", result.communication_ms},
      {"tokens_per_second", json::number_or_null(static_cast<double>(step_tokens) * 1000.0 / result.step_ms)},
      {"model_flops", model_flops(config.model, config.batch.global)}};
  if (!std::isfinite(result.loss)) line["loss_nonfinite"] = nonfinite_name(result.loss);
  if (!std::isfinite(result.gradient_norm))
    line["grad_norm_nonfinite"] = nonfinite_name(result.gradient_norm);
  return line;
}

json::object error_line(std::string_view kind, std::string_view message) {
  return {{"error", json::object{{"kind", json::value(kind)}, {"message", json::value(message)}}}};
}

}  // namespace longhaul::trainer
