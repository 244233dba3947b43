// The lines that a rank sends to its agent (docs: rank protocol), built in one place.
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/json/json.h"
#include "config/run_config.h"
#include "trainer/loop/train_step.h"

namespace longhaul::trainer {

// phase: start, rendezvous, restore, train, checkpoint, done.
json::object phase_line(std::string_view phase);
// Of every rank, every step.
json::object step_line(const config::RunConfig& config, const StepResult& result);
json::object error_line(std::string_view kind, std::string_view message);

// "nan", "inf", "-inf", or "" for a finite number.
std::string nonfinite_name(double number);

}  // namespace longhaul::trainer
