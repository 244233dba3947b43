#include "telemetry/publish/series_json.h"

#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "telemetry/publish/text.h"

namespace longhaul::telemetry::publish {
namespace {

template <class Append>
void append_column(std::string& out, const char* name, const std::vector<SeriesPoint>& points,
                   Append&& append) {
  fmt::format_to(std::back_inserter(out), R"(,"{}":[)", name);
  for (size_t i = 0; i < points.size(); ++i) {
    if (i > 0) out += ',';
    append(out, points[i]);
  }
  out += ']';
}

void append_integers(std::string& out, const char* name, const std::vector<SeriesPoint>& points,
                     int64_t SeriesPoint::*field) {
  append_column(out, name, points, [field](std::string& o, const SeriesPoint& p) {
    fmt::format_to(std::back_inserter(o), "{}", p.*field);
  });
}

}  // namespace

json::object segment_json(const Segment& s) {
  return {{"id", s.id},
          {"branch", s.branch},
          {"parent", json::or_null(s.parent)},
          {"first_step", s.first_step},
          {"end_step", s.end_step},
          {"cut_step", json::or_null(s.cut_step)},
          {"reason", s.reason}};
}

std::string series_text(const Series& series, const json::object& live) {
  const auto& points = series.points;
  std::string out;
  out.reserve(256 + points.size() * 96);
  fmt::format_to(std::back_inserter(out), R"({{"metric":{},"from":{},"to":{},"level":{},"bucket_steps":{})",
                 json::to_text(json::value(series.metric)), series.from, series.to, series.level,
                 series.bucket_steps);
  append_integers(out, "step", points, &SeriesPoint::first_step);
  append_integers(out, "last_step", points, &SeriesPoint::last_step);
  append_integers(out, "n", points, &SeriesPoint::n);
  const auto or_null = [](std::string& o, const SeriesPoint& p, double value, int digits) {
    append_number(o, p.n == 0 ? std::numeric_limits<double>::quiet_NaN() : value, digits);
  };
  append_column(out, "mean", points,
                [or_null](std::string& o, const SeriesPoint& p) { or_null(o, p, p.mean(), 9); });
  append_column(out, "min", points,
                [or_null](std::string& o, const SeriesPoint& p) { or_null(o, p, p.min, 17); });
  append_column(out, "max", points,
                [or_null](std::string& o, const SeriesPoint& p) { or_null(o, p, p.max, 17); });
  append_integers(out, "nonfinite", points, &SeriesPoint::nonfinite);
  append_integers(out, "wall_ms", points, &SeriesPoint::wall_ms);
  append_column(out, "tokens", points, [](std::string& o, const SeriesPoint& p) {
    p.tokens > 0 ? fmt::format_to(std::back_inserter(o), "{}", p.tokens)
                 : fmt::format_to(std::back_inserter(o), "null");
  });
  out += R"(,"segments":[)";
  for (size_t i = 0; i < series.segments.size(); ++i) {
    if (i > 0) out += ',';
    out += json::to_text(segment_json(series.segments[i]));
  }
  return out + "],\"live\":" + json::to_text(live) + "}";
}

}  // namespace longhaul::telemetry::publish
