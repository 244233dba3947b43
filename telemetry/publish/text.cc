#include "telemetry/publish/text.h"

#include <cmath>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace longhaul::telemetry::publish {

void append_number(std::string& out, double value, int digits) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) == value) {
    fmt::format_to(std::back_inserter(out), "{}", narrow);
  } else if (digits >= 17) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.{}g}", value, digits);
  }
}

std::string rfc3339(int64_t wall_ms) {
  const auto ms = ((wall_ms % 1000) + 1000) % 1000;
  const auto seconds = static_cast<time_t>((wall_ms - ms) / 1000);
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

const char* nonfinite_name(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

}  // namespace longhaul::telemetry::publish
