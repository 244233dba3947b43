#include "telemetry/history/values.h"

#include <bit>
#include <cmath>
#include <limits>

namespace longhaul::telemetry {
namespace {

// SQLite keeps NaN as NULL, and whole numbers in a REAL column as integers: -0.0 comes back as 0.0.
enum Kind : int64_t {
  kAsStored = 0,
  kNan = 1,
  kPositiveInfinity = 2,
  kNegativeInfinity = 3,
  kNegativeZero = 4
};

}  // namespace

void bind_value(sqlite::Statement& statement, int v_index, int nf_index, double value) {
  if (std::isfinite(value)) {
    const bool negative_zero = value == 0.0 && std::signbit(value);
    statement.bind(v_index, value).bind(nf_index, int64_t{negative_zero ? kNegativeZero : kAsStored});
    return;
  }
  const int64_t kind = std::isnan(value) ? kNan : value > 0 ? kPositiveInfinity : kNegativeInfinity;
  statement.bind_null(v_index).bind(nf_index, kind);
}

double read_value(const sqlite::Statement& row, int v_column, int nf_column) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  switch (row.as_int(nf_column)) {
    case kAsStored:
      return row.as_double(v_column);
    case kNegativeZero:
      return -0.0;
    case kPositiveInfinity:
      return kInfinity;
    case kNegativeInfinity:
      return -kInfinity;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

bool same_value(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

uint32_t loss_bits(double loss) {
  if (std::isnan(loss)) return 0x7fc00000U;
  return std::bit_cast<uint32_t>(static_cast<float>(loss));
}

}  // namespace longhaul::telemetry
