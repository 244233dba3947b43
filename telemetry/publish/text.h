// Numbers and times as text. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

namespace longhaul::telemetry::publish {

// Appends a JSON number: the shortest text of an f32 when the value is one (Math.fround gives it back),
// else `digits` significant digits; null when it is not finite.
void append_number(std::string& out, double value, int digits = 17);

// "2024-05-01T12:00:00.123Z"
std::string rfc3339(int64_t wall_ms);

// "nan", "inf" or "-inf"
const char* nonfinite_name(double value);

}  // namespace longhaul::telemetry::publish
