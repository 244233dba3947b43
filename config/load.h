// run.yaml → RunConfig. Thread-safe (no state).
#pragma once

#include <string>

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::config {

// Reads and checks `file`. Relative paths in it count from `run_directory`. Errors are kInvalid (or the
// reason the file cannot be read) and name file:line:column, key, value and what is allowed.
Result<RunConfig> load(const std::string& file, const std::string& run_directory);
// run_directory: the folder that holds the file.
Result<RunConfig> load(const std::string& file);

// The same from text; `file` is only a name.
Result<RunConfig> parse(const std::string& yaml, const std::string& file, const std::string& run_directory);

}  // namespace longhaul::config
