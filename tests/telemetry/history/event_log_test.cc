#include "telemetry/history/event_log.h"

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

TEST_F(HistoryTest, EventsKeepEveryFieldAndPageInBothDirections) {
  const HistoryEvent full{.wall_ms = 5,
                          .step = 120,
                          .to_step = 131,
                          .kind = "rank_died",
                          .severity = "recovered",
                          .title = "A rank died on node-1.",
                          .detail = "Restarted from step 120.",
                          .lost_steps = 7,
                          .cost_s = 1.25,
                          .node = "node-1"};
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(history_->add_event(i == 2 ? full : HistoryEvent{.kind = "paused"}));
  const auto ids = [](const std::vector<HistoryEvent>& events) {
    std::vector<int64_t> list;
    for (const auto& e : events) list.push_back(e.id);
    return list;
  };
  auto reading = reader();
  EXPECT_EQ(ids(reading.events(0, 3, EventOrder::kOldestFirst).value()), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(ids(reading.events(3, 9, EventOrder::kOldestFirst).value()), (std::vector<int64_t>{4, 5}));
  EXPECT_EQ(ids(reading.events(0, 2, EventOrder::kNewestFirst).value()), (std::vector<int64_t>{5, 4}));
  EXPECT_EQ(ids(reading.events(4, 9, EventOrder::kNewestFirst).value()), (std::vector<int64_t>{3, 2, 1}));
  const HistoryEvent got = reading.events(2, 1, EventOrder::kOldestFirst).value().at(0);
  EXPECT_EQ(std::tie(got.wall_ms, got.step, got.to_step, got.kind, got.severity, got.title, got.detail,
                     got.lost_steps, got.cost_s, got.node),
            std::tie(full.wall_ms, full.step, full.to_step, full.kind, full.severity, full.title, full.detail,
                     full.lost_steps, full.cost_s, full.node));
  EXPECT_FALSE(reading.events(0, 1, EventOrder::kOldestFirst).value().at(0).node.has_value());
}

}  // namespace
}  // namespace longhaul::telemetry
