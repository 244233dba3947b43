// What a configuration would cost, without training: printed by `longhaul-trainer --dry-run FILE.yaml`.
// Thread-safety: pure.
#pragma once

#include "base/core/result.h"
#include "base/json/json.h"
#include "config/run_config.h"

namespace longhaul::trainer {

// kInvalid: a network or topology that cannot be trained.
Result<json::object> dry_run(const config::RunConfig& config);

}  // namespace longhaul::trainer
