// The learning rate as a function of consumed samples alone: the target step never enters, so a run can be
// made longer or shorter without a change to its past.
// Thread-safety: pure.
#pragma once

#include <cstdint>

#include "config/run_config.h"

namespace longhaul::trainer {

// Linear warm-up, then half a cosine from learning_rate to min_learning_rate, then constant: the rule of
// Megatron-LM (megatron/core/optimizer_param_scheduler.py, get_lr), by which BLOOM was trained; the cosine
// is Loshchilov and Hutter 2017, "SGDR", eq. 5, without restarts.
// samples: consumed when the step is complete, so that the first step does not have rate 0.
double learning_rate_at(const config::Optimizer& optimizer, int64_t samples);

}  // namespace longhaul::trainer
