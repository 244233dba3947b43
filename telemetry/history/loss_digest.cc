#include "telemetry/history/loss_digest.h"

#include <algorithm>

#include <fmt/format.h>

#include "telemetry/history/values.h"

namespace longhaul::telemetry {
namespace {

// Which segment steps 1..upto are read from. Samples never change once recorded, so equal means equal bits.
std::vector<std::pair<int64_t, StepRange>> origin(const std::vector<Stretch>& path, int64_t upto) {
  std::vector<std::pair<int64_t, StepRange>> parts;
  for (const Stretch& s : path) {
    const StepRange steps{s.steps.first, std::min(s.steps.last, upto)};
    if (steps.first <= steps.last) parts.emplace_back(s.segment.id, steps);
  }
  return parts;
}

}  // namespace

Result<std::string> LossDigest::upto(sqlite::Database& db, int64_t step) {
  LH_ASSIGN(const auto path, load_canonical_path(db));
  if (step < done_ || origin(path, done_) != from_) {
    sha_ = Sha256();
    done_ = 0;
  }
  const Result<> extended = extend(db, path, step);
  from_ = origin(path, done_);
  if (!extended) return extended.error();
  return sha_.hex(16);
}

Result<> LossDigest::extend(sqlite::Database& db, const std::vector<Stretch>& path, int64_t step) {
  if (step <= done_) return {};
  LH_ASSIGN(const auto metric, find_metric(db, kLossMetric));
  if (!metric) return Error{ErrorCode::kNotFound, "no loss was recorded yet"};
  LH_ASSIGN(auto query,
            db.prepare("SELECT step, v, nf FROM sample WHERE seg=? AND metric=? AND step BETWEEN ? AND ? "
                       "ORDER BY step"));
  for (const Stretch& stretch : path) {
    query.reset();
    query.bind(1, stretch.segment.id).bind(2, *metric);
    query.bind(3, std::max(stretch.steps.first, done_ + 1)).bind(4, std::min(stretch.steps.last, step));
    for (;;) {
      LH_ASSIGN(const bool more, query.step());
      if (!more || query.as_int(0) != done_ + 1) break;
      sha_.update_u64_le(static_cast<uint64_t>(++done_));
      sha_.update_u32_le(loss_bits(read_value(query, 1, 2)));
    }
  }
  if (done_ < step)
    return Error{ErrorCode::kNotFound, fmt::format("step {} has no recorded loss", done_ + 1)};
  return {};
}

}  // namespace longhaul::telemetry
