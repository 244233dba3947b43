#include "telemetry/history/canonical.h"

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

TEST(Canonical, AReadWalksFromTheCurrentSegmentToItsParentsUpToTheirCuts) {
  std::vector<Segment> segments{
      {.id = 1, .branch = 0, .first_step = 1, .end_step = 130, .cut_step = 100},
      {.id = 2, .branch = 1, .parent = 1, .first_step = 101, .end_step = 150, .cut_step = 120},
      {.id = 3, .branch = 2, .parent = 1, .first_step = 91, .end_step = 95},  // past a whole branch
  };
  const auto path = canonical_path(segments);
  ASSERT_EQ(path.size(), 2U);
  EXPECT_EQ(path[0].segment.id, 1);
  EXPECT_EQ(path[0].steps, (StepRange{1, 90}));
  EXPECT_EQ(path[1].steps, (StepRange{91, 95}));
  EXPECT_EQ(last_step_of(path), 95);
  EXPECT_EQ(stretch_of(path, 96), nullptr);
  EXPECT_EQ(stretch_of(path, 91)->segment.id, 3);
}

TEST_F(HistoryTest, MissingStepsAreThoseOfTheCurrentBranchOnly) {
  const int64_t root = history_->begin_segment(0, std::nullopt, 1, "start").value();
  for (const int s : {2, 3, 6, 7, 8, 10}) record(root, step_record(s, 2.0));
  EXPECT_EQ(history_->missing_steps().value(), (std::vector<StepRange>{{1, 1}, {4, 5}, {9, 9}}));
  const int64_t child = history_->begin_segment(1, root, 8, "rollback").value();
  ASSERT_TRUE(history_->cut(root, 7, "rollback"));
  EXPECT_EQ(history_->last_step().value(), 7);
  record(child, step_record(9, 3.0));
  EXPECT_EQ(reader().missing_steps().value(), (std::vector<StepRange>{{1, 1}, {4, 5}, {8, 8}}));
  EXPECT_FALSE(history_->step(8).value().has_value());
  EXPECT_EQ(history_->step(9).value()->values[0].second, 3.0);
  EXPECT_EQ(history_->step(7).value()->tokens, 7 * 4096);
}

}  // namespace
}  // namespace longhaul::telemetry
