// What makes two configurations the same run: seed, model, micro-batch, global batch, data, optimizer,
// tensor and pipeline parallelism. All else may change when a run is resumed. Thread-safe (no state).
#pragma once

#include <string>

#include "config/run_config.h"

namespace longhaul::config {

// The identity as one line of text: two of them show what differs.
std::string identity_text(const RunConfig& c);
// The first 16 hex digits of its SHA-256.
std::string identity(const RunConfig& c);

}  // namespace longhaul::config
