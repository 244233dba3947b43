#include "daemon/engine/codec.h"

#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

TEST(Codec, AStateInTheMiddleOfAnIncidentSurvives) {
  Scenario s;
  s.training().on(CheckpointSaved{s.state.generation, 10, "/s/10", 77, 5, 2}).exit(2, 3, 0, false, 12);
  const auto read = parse_run_state(json::parse_object(json::to_text(to_json(s.state))).value());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(s.state));
  EXPECT_EQ(read->incident->rank, 2);
  EXPECT_EQ(read->last_checkpoint->size_bytes, 77);
  EXPECT_EQ(read->ranks.size(), 4u);
}

TEST(Codec, AStateOfTheVersionBeforeGetsTheDefaultsOfWhatItDidNotKnow) {
  Scenario s;
  s.training();
  json::object old = to_json(s.state);
  old.erase("last_mismatch");
  old["nodes"].as_object()["node-0"].as_object().erase("spool_seq");
  const auto read = parse_run_state(old);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(s.state));
  old["term"] = "x";
  EXPECT_FALSE(parse_run_state(old)) << "what is there must be right";
}

TEST(Codec, OnlyAnAnnouncementIsReadBackFromAnAction) {
  const Announce told{.kind = "k", .severity = "info", .title = "T", .step = 3, .node = "n"};
  const auto read = parse_announce(to_json(Action(told))).value();
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(Action(*read)), to_json(Action(told)));
  EXPECT_FALSE(parse_announce(to_json(Action(StartAgent{"n"}))).value());
}

TEST(Codec, EveryEventSurvives) {
  const Generation g{3, 1};
  const std::vector<Event> events = {DaemonStarted{3, 5},
                                     AgentConnected{"n", "i", {{1, "3.1", true}}},
                                     AgentDisconnected{"n"},
                                     AgentDied{"n"},
                                     NodeSilent{"n", 9},
                                     RankExited{g, 1, "n", 3, 0, true, 12, "last"},
                                     RankFailed{g, 1, "k", "m"},
                                     RanksRestored{g, 4, 5, "/p", {"/q"}, {"why"}, {"/q"}},
                                     FirstStep{g, 5},
                                     CaughtUp{g, 6},
                                     CheckpointSaved{g, 6, "/p", 1, 2, 3},
                                     CheckpointFailed{g, 6, "No space left on device"},
                                     RankDone{g, 0, 9, "d"},
                                     ProgressStalled{g, 1, 2, "train", 3},
                                     DigestMismatch{"m:1", 4, "x"},
                                     RestoreFound{"/p", 4},
                                     RestoreFailed{"r"},
                                     LaunchFailed{g, "r"},
                                     OperatorCommand{"pause", "w", "r"},
                                     DeadlinePassed{}};
  ASSERT_EQ(events.size(), std::variant_size_v<Event>);
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i].index(), i);
    const auto read = parse_event(json::parse_object(json::to_text(to_json(events[i]))).value());
    ASSERT_TRUE(read) << name_of(events[i]) << ": " << read.error().message;
    EXPECT_EQ(read->index(), i);
    EXPECT_EQ(to_json(*read), to_json(events[i]));
  }
}

}  // namespace
}  // namespace longhaul::daemon
