// What no single key can tell: whether the values fit together. Thread-safe (no state).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::config {

// where("parallel.data") → "run.yaml:12:9", for the message.
Result<> check(const RunConfig& c, const std::function<std::string(std::string_view name)>& where);

// The files that the configuration names: every corpus has its .bin and .idx.
Result<> check_files(const RunConfig& c);

}  // namespace longhaul::config
