// Against a naive recomputation on random data at every zoom: reader_test.cc. Here: what is read.
#include "telemetry/history/range_reader.h"

#include "telemetry/history/rollup.h"
#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

TEST_F(HistoryTest, ABucketCutByTheRangeIsPutTogetherFromItsChildren) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  HistoryBatch batch;
  for (int64_t s = 1; s <= 40; ++s)
    batch.steps.push_back({segment, step_record(s, static_cast<double>(s)), ""});
  ASSERT_TRUE(history_->record_batch(batch));
  auto db = sqlite::Database::open(path_).value();
  auto reader = RangeReader::open(db).value();
  const auto spans = [&](int level, StepRange range) {
    std::vector<SeriesPoint> points;
    EXPECT_TRUE(reader.read(segment, 1, 40, level, range, points));
    std::vector<StepRange> found;
    for (const SeriesPoint& p : points) {
      EXPECT_EQ(p.n, p.last_step - p.first_step + 1);
      EXPECT_EQ(p.sum, static_cast<double>((p.first_step + p.last_step) * p.n) / 2);
      found.push_back({p.first_step, p.last_step});
    }
    return found;
  };
  EXPECT_EQ(spans(2, {6, 37}), (std::vector<StepRange>{{6, 15}, {16, 31}, {32, 37}}));
  EXPECT_EQ(spans(2, {16, 31}), (std::vector<StepRange>{{16, 31}}));
  EXPECT_EQ(spans(2, {17, 18}), (std::vector<StepRange>{{17, 18}}));
  EXPECT_EQ(spans(3, {1, 999}),
            (std::vector<StepRange>{{1, 40}}));  // not complete: nothing stored at this level
  EXPECT_EQ(spans(1, {39, 99}), (std::vector<StepRange>{{39, 39}, {40, 40}}));
  EXPECT_TRUE(spans(1, {41, 99}).empty());
  EXPECT_TRUE(empty(reader.merged(segment, 99, 40, 2, {1, 40}).value()));  // no such metric
}

}  // namespace
}  // namespace longhaul::telemetry
