// Series and segments as JSON text. Thread-safe (no state).
#pragma once

#include <string>

#include "base/json/json.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry::publish {

// Columns, one entry a bucket: {"metric","from","to","level","bucket_steps","step","last_step","n","mean",
// "min","max","nonfinite","wall_ms","tokens","segments","live"}. mean has 9 significant digits, the others
// are exact.
std::string series_text(const Series& series, const json::object& live);
json::object segment_json(const Segment& segment);

}  // namespace longhaul::telemetry::publish
