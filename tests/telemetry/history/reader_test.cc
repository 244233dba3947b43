#include "telemetry/history/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "telemetry/history/rollup.h"
#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

// What a series must be, from the samples themselves.
std::vector<SeriesPoint> recompute(const std::map<int64_t, double>& samples, int64_t from, int64_t to,
                                   int level) {
  std::map<int64_t, SeriesPoint> buckets;
  for (const auto& [step, value] : samples) {
    if (step < from || step > to) continue;
    SeriesPoint& p = buckets[step >> (2 * level)];
    if (p.n + p.nonfinite == 0) p.first_step = step;
    p.last_step = step;
    if (!std::isfinite(value)) {
      ++p.nonfinite;
      continue;
    }
    p.min = p.n == 0 ? value : std::min(p.min, value);
    p.max = p.n == 0 ? value : std::max(p.max, value);
    p.sum += value;
    p.last = value;
    ++p.n;
  }
  std::vector<SeriesPoint> points;
  for (const auto& entry : buckets) points.push_back(entry.second);
  return points;
}

void expect_equal(const Series& series, const std::map<int64_t, double>& samples) {
  const auto expected = recompute(samples, series.from, series.to, series.level);
  ASSERT_EQ(series.points.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const SeriesPoint& got = series.points[i];
    const SeriesPoint& want = expected[i];
    ASSERT_EQ(
        std::tie(got.first_step, got.last_step, got.n, got.nonfinite, got.min, got.max, got.last),
        std::tie(want.first_step, want.last_step, want.n, want.nonfinite, want.min, want.max, want.last))
        << "bucket " << i << " of level " << series.level;
    ASSERT_NEAR(got.sum, want.sum,
                1e-12 * static_cast<double>(want.n) * std::max(std::abs(want.min), std::abs(want.max)));
    ASSERT_EQ(got.tokens, got.last_step * 4096);
    ASSERT_EQ(got.wall_ms, 1'700'000'000'000 + got.last_step * 250);
  }
}

class Curve {
 public:
  explicit Curve(uint32_t seed) : random_(seed) {}
  double next() {
    const auto r = random_() % 200;
    if (r == 0) return std::numeric_limits<double>::quiet_NaN();
    if (r == 1) return std::numeric_limits<double>::infinity();
    if (r == 2) return 1e6;  // a spike
    return std::normal_distribution<double>(2.5, 0.5)(random_);
  }
  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
};

// Two segments with a cut in the middle, gaps, late and shuffled steps, a sparse metric, and restarts in
// between: at every zoom the answer is what the samples say.
class SeriesTest : public HistoryTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(SeriesTest, EqualsANaiveRecomputationAtEveryZoom) {
  Curve curve(GetParam());
  auto& random = curve.random();
  const int64_t root = history_->begin_segment(0, std::nullopt, 1, "start").value();
  const int64_t cut = 900 + static_cast<int64_t>(random() % 300);
  std::map<int64_t, double> canonical, abandoned, sparse;
  std::vector<HistoryBatch::Step> steps;
  const auto fill = [&](int64_t segment, int64_t first, int64_t last) {
    for (int64_t s = first; s <= last; ++s) {
      if (random() % 50 == 0) continue;  // a gap
      StepRecord r = step_record(s, curve.next());
      if (segment == root && s > cut)
        abandoned[s] = r.values[0].second;
      else
        canonical[s] = r.values[0].second;
      if (s % 37 == 0 && !(segment == root && s > cut))
        r.values.emplace_back("evaluation", sparse[s] = curve.next());
      steps.push_back({segment, r, ""});
    }
  };
  fill(root, 1, cut + 150);
  const int64_t child = history_->begin_segment(1, root, cut + 1, "rollback").value();
  ASSERT_TRUE(history_->cut(root, cut, "rollback"));
  const size_t of_root = steps.size();
  fill(child, cut + 1, 3000);
  // Mostly in order; each agent's spool is a shuffled window.
  for (size_t i = 0; i + 16 < of_root; i += 16) {
    if (random() % 4 == 0)
      std::shuffle(steps.begin() + static_cast<long>(i), steps.begin() + static_cast<long>(i) + 16, random);
  }
  std::rotate(steps.begin() + 100, steps.begin() + 400, steps.begin() + 700);  // a late node
  for (size_t i = 0; i < steps.size();) {
    HistoryBatch batch;
    for (size_t n = 1 + random() % 100; n > 0 && i < steps.size(); --n) batch.steps.push_back(steps[i++]);
    ASSERT_TRUE(history_->record_batch(batch));
    if (random() % 8 == 0) reopen();
  }

  auto reading = reader();
  for (int round = 0; round < 60; ++round) {
    SeriesQuery query{.metric = round % 3 == 0 ? "evaluation" : "loss",
                      .points = 1 + static_cast<int64_t>(random() % 500)};
    if (round % 5 != 0) query.from = 1 + static_cast<int64_t>(random() % 3000);
    if (round % 7 != 0) query.to = query.from.value_or(1) + static_cast<int64_t>(random() % 3000);
    const Series series = reading.series(query).value();
    EXPECT_LE(bucket_of(series.to, series.level) - bucket_of(series.from, series.level) + 1, query.points);
    if (series.level > 0) {
      EXPECT_GT(bucket_of(series.to, series.level - 1) - bucket_of(series.from, series.level - 1) + 1,
                query.points);
    }
    expect_equal(series, query.metric == "loss" ? canonical : sparse);
  }
  auto all_of_root = canonical;
  all_of_root.erase(all_of_root.upper_bound(cut), all_of_root.end());
  all_of_root.insert(abandoned.begin(), abandoned.end());
  for (const int64_t points : {2000, 300, 50, 5}) {
    expect_equal(reading.series({.metric = "loss", .points = points, .segment = root}).value(), all_of_root);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SeriesTest, testing::Range(1U, 7U));

TEST_F(HistoryTest, ASeriesHasTheSameBitsInWhicheverOrderTheStepsCame) {
  std::vector<SeriesPoint> reference;
  for (const uint32_t seed : {0U, 1U, 2U}) {
    const std::string path = fresh_history_path("order" + std::to_string(seed));
    auto history = History::open(path).value();
    const int64_t segment = history->begin_segment(0, std::nullopt, 1, "start").value();
    HistoryBatch batch;
    std::mt19937 values(7);
    for (int64_t s = 1; s <= 700; ++s)
      batch.steps.push_back({segment, step_record(s, std::normal_distribution<>()(values)), ""});
    if (seed > 0) std::shuffle(batch.steps.begin(), batch.steps.end(), std::mt19937(seed));
    ASSERT_TRUE(history->record_batch(batch));
    const auto points =
        HistoryReader::open(path).value().series({.metric = "loss", .points = 3}).value().points;
    if (seed == 0) reference = points;
    ASSERT_EQ(points.size(), reference.size());
    for (size_t i = 0; i < points.size(); ++i) EXPECT_EQ(points[i].sum, reference[i].sum);
  }
}

TEST_F(HistoryTest, AskingForWhatIsNotThereSaysSo) {
  EXPECT_EQ(reader().series({.metric = "loss"}).error().code, ErrorCode::kNotFound);
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  record(segment, step_record(1, 2.0));
  EXPECT_EQ(reader().series({.metric = "lost"}).error().message, "there is no metric 'lost'");
  EXPECT_EQ(reader().series({.metric = "loss", .segment = 9}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(reader().series({.metric = "loss", .from = 10, .to = 20}).value().points.empty());
  EXPECT_EQ(reader().metric_names().value(), (std::vector<std::string>{"grad_norm", "loss"}));
}

TEST_F(HistoryTest, AReaderSeesWhatAWriterCommitsMeanwhile) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  record(segment, step_record(1, 2.0));
  auto reading = reader();
  EXPECT_EQ(reading.last_step().value(), 1);
  record(segment, step_record(2, 2.0));
  EXPECT_EQ(reading.last_step().value(), 2);
  EXPECT_EQ(reading.series({.metric = "loss"}).value().points.size(), 2U);
}

}  // namespace
}  // namespace longhaul::telemetry
