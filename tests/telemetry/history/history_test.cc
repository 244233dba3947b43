#include "telemetry/history/history.h"

#include <cmath>
#include <limits>

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_F(HistoryTest, AStepRunAgainWithTheSameBitsIsTheSame) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  EXPECT_EQ(record(segment, step_record(1, 2.5)), Outcome::kNew);
  EXPECT_EQ(record(segment, step_record(1, 2.5)), Outcome::kSame);
  reopen();
  EXPECT_EQ(record(segment, step_record(1, 2.5)), Outcome::kSame);
}

TEST_F(HistoryTest, AStepRunAgainWithOtherBitsIsToldAndTheFirstIsKept) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  record(segment, step_record(1, 2.5, 0.25));
  const auto loss = history_->record(segment, step_record(1, std::nextafter(2.5, 3.0), 0.25)).value();
  EXPECT_EQ(loss.outcome, Outcome::kDiffers);
  EXPECT_EQ(loss.metric, "loss");
  EXPECT_EQ(loss.recorded, 2.5);
  EXPECT_EQ(loss.reported, std::nextafter(2.5, 3.0));
  EXPECT_EQ(history_->record(segment, step_record(1, 2.5, -0.25)).value().metric, "grad_norm");
  EXPECT_EQ(history_->step(1).value()->values,
            (decltype(StepRecord::values){{"loss", 2.5}, {"grad_norm", 0.25}}));
}

TEST_F(HistoryTest, TheNewestMismatchIsRememberedUnderAnIdOfItsOwn) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  EXPECT_FALSE(history_->mismatch().value());
  record(segment, step_record(1, 2.5));
  record(segment, step_record(1, 2.0));
  const std::string first = history_->mismatch().value()->id;
  record(segment, step_record(1, kNan));
  record(segment, step_record(1, 2.5));
  reopen();
  const auto newest = history_->mismatch().value();
  ASSERT_TRUE(newest);
  EXPECT_NE(newest->id, first);
  EXPECT_EQ(newest->step, 1);
  EXPECT_EQ(newest->metric, "loss");
  EXPECT_EQ(newest->recorded, 2.5);
  EXPECT_TRUE(std::isnan(newest->reported));
}

TEST_F(HistoryTest, AnEventWhoseSourceIsCommittedThatFarIsNotStoredAgain) {
  const HistoryEvent event{.wall_ms = 1, .kind = "k", .severity = "info", .title = "T"};
  EXPECT_FALSE(history_->add_event(event, nullptr, HistoryBatch::Mark{"journal", 5}).value().known);
  reopen();
  EXPECT_TRUE(history_->add_event(event, nullptr, HistoryBatch::Mark{"journal", 5}).value().known);
  EXPECT_FALSE(history_->add_event(event, nullptr, HistoryBatch::Mark{"other", 5}).value().known);
  EXPECT_EQ(history_->mark("journal").value(), 5);
  EXPECT_EQ(history_->events(0, 10, EventOrder::kOldestFirst).value().size(), 2U);
}

TEST_F(HistoryTest, OtherMetricsMayDifferAndNewOnesAreAdded) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  record(segment, StepRecord{1, 0, 0, {{"loss", 2.5}, {"step_ms", 100}}});
  EXPECT_EQ(record(segment, StepRecord{1, 0, 0, {{"loss", 2.5}, {"step_ms", 101}, {"compute_ms", 7}}}),
            Outcome::kSame);
  EXPECT_EQ(history_->step(1).value()->values,
            (decltype(StepRecord::values){{"loss", 2.5}, {"step_ms", 100}, {"compute_ms", 7}}));
}

TEST_F(HistoryTest, NonFiniteValuesComeBackAsWhatTheyWere) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  record(segment, step_record(1, kNan, std::numeric_limits<double>::infinity()));
  record(segment, step_record(2, -std::numeric_limits<double>::infinity()));
  EXPECT_EQ(record(segment, step_record(1, kNan, std::numeric_limits<double>::infinity())), Outcome::kSame);
  EXPECT_EQ(record(segment, step_record(1, 1.0, std::numeric_limits<double>::infinity())), Outcome::kDiffers);
  EXPECT_TRUE(std::isnan(history_->step(1).value()->values[0].second));
  EXPECT_EQ(history_->step(1).value()->values[1].second, std::numeric_limits<double>::infinity());
  EXPECT_EQ(history_->step(2).value()->values[0].second, -std::numeric_limits<double>::infinity());
}

TEST_F(HistoryTest, AStepBeforeTheSegmentIsRefusedAndTheRestOfTheBatchIsKept) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 5, "start").value();
  HistoryBatch batch;
  batch.steps.push_back({segment, step_record(4, 2.0), "{}"});
  batch.steps.push_back({segment, step_record(5, 2.0), R"({"type":"step"})"});
  const auto result = history_->record_batch(batch).value();
  EXPECT_EQ(result.outcomes[0].outcome, Outcome::kRefused);
  EXPECT_EQ(result.outcomes[1].outcome, Outcome::kNew);
  EXPECT_EQ(result.deltas.size(), 1U);
  EXPECT_EQ(history_->last_step().value(), 5);
}

TEST_F(HistoryTest, AnUnknownSegmentFailsTheWholeBatchAndTheNextOneWorks) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  HistoryBatch batch;
  batch.steps.push_back({segment, step_record(1, 2.0), "{}"});
  batch.steps.push_back({99, step_record(1, 2.0), ""});
  batch.marks.push_back({"node-0", 7});
  EXPECT_EQ(history_->record_batch(batch).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(history_->last_step().value(), 0);
  EXPECT_EQ(history_->mark("node-0").value(), 0);
  batch.steps.pop_back();
  EXPECT_EQ(history_->record_batch(batch).value().deltas.at(0).seq, 1);
  EXPECT_EQ(history_->mark("node-0").value(), 7);
}

TEST_F(HistoryTest, MarksNeverGoBack) {
  HistoryBatch batch;
  batch.marks = {{"node-0", 9}, {"node-1", 3}, {"node-0", 4}};
  ASSERT_TRUE(history_->record_batch(batch));
  reopen();
  EXPECT_EQ(history_->mark("node-0").value(), 9);
  EXPECT_EQ(history_->mark("node-1").value(), 3);
  EXPECT_EQ(history_->mark("node-2").value(), 0);
}

TEST_F(HistoryTest, ABranchHasOneSegment) {
  const int64_t first = history_->begin_segment(0, std::nullopt, 1, "start").value();
  EXPECT_EQ(history_->begin_segment(0, std::nullopt, 1, "again").value(), first);
  EXPECT_EQ(history_->begin_segment(0, std::nullopt, 2, "other").error().code, ErrorCode::kConflict);
  const int64_t child = history_->begin_segment(1, first, 11, "rollback").value();
  EXPECT_EQ(history_->current_segment().value()->id, child);
  EXPECT_EQ(history_->segment_of_branch(0).value()->id, first);
  EXPECT_FALSE(history_->segment_of_branch(7).value().has_value());
}

TEST_F(HistoryTest, LiveSequenceAndEpochGoOnAfterARestart) {
  const int64_t segment = history_->begin_segment(0, std::nullopt, 1, "start").value();
  const std::string epoch = history_->live_epoch();
  HistoryBatch batch;
  for (int64_t s = 1; s <= 1500; ++s)
    batch.steps.push_back({segment, step_record(s, 2.0), std::to_string(s)});
  batch.steps.push_back({segment, step_record(3, 2.0), "known already: no delta"});
  ASSERT_TRUE(history_->record_batch(batch));
  reopen();
  EXPECT_EQ(history_->live_epoch(), epoch);
  const auto stored =
      history_->add_event({.kind = "resumed"}, [](const HistoryEvent& e) { return std::to_string(e.id); })
          .value();
  EXPECT_EQ(stored.delta->seq, 1501);
  EXPECT_EQ(stored.delta->body, std::to_string(stored.event.id));
  const auto outbox = history_->outbox().value();
  EXPECT_EQ(outbox.size(), 1024U);
  EXPECT_EQ(outbox.front().body, "478");
  EXPECT_EQ(outbox.back().seq, 1501);
}

}  // namespace
}  // namespace longhaul::telemetry
