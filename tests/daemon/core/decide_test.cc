#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/engine/codec.h"
#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

// All of a decision, as the journal keeps it.
std::string text_of(const Decision& d) {
  std::string text = json::to_text(to_json(d.next));
  for (const Action& action : d.actions) text += "\n" + json::to_text(to_json(action));
  for (const Transition& t : d.transitions)
    text += fmt::format("\n{} → {}: {}", to_text(t.from), to_text(t.to), t.reason);
  for (const std::string& reason : d.reasons) text += "\n" + reason;
  if (d.reply) text += fmt::format("\n{} {}", d.reply->accepted, d.reply->message);
  return text;
}

// A rank dies, the ranks start again, an operator pauses: most handlers have something to do.
std::vector<Event> story() {
  std::vector<Event> events = {DaemonStarted{1, 0}, AgentConnected{"node-0", "i-0", {}},
                               AgentConnected{"node-1", "i-1", {}}, RestoreFound{"", 0}};
  const Generation first{1, 1}, second{1, 2};
  for (const Event& event : std::vector<Event>{
           RanksRestored{first, 0, 0, "", {}, {}}, FirstStep{first, 1}, CaughtUp{first, 1},
           CheckpointSaved{first, 10, "/s/step-10", 1000, 20, 5},
           RankExited{first, 2, "node-1", -1, 9, false, 17, ""},
           RankExited{first, 0, "node-0", -1, 9, true, 17, ""},
           RankExited{first, 1, "node-0", -1, 9, true, 17, ""},
           RankExited{first, 3, "node-1", -1, 9, true, 17, ""}, RestoreFound{"/s/step-10", 10},
           RanksRestored{second, 10, 17, "/s/step-10", {}, {}}, FirstStep{second, 11}, CaughtUp{second, 18},
           OperatorCommand{"pause", "uid 0", "maintenance"}, DeadlinePassed{}}) {
    events.push_back(event);
  }
  return events;
}

TEST(Decide, TheSameArgumentsGiveTheSameDecisionAndStayAsTheyAre) {
  Scenario s;
  for (const Event& event : story()) {
    const RunState before = s.state;
    const Inputs inputs{s.wait(1500).now_ms};
    const std::string first = text_of(decide(before, event, inputs, s.policy));
    EXPECT_EQ(json::to_text(to_json(before)), json::to_text(to_json(s.state))) << name_of(event);
    EXPECT_EQ(text_of(decide(before, event, inputs, s.policy)), first) << name_of(event);
    s.on(event);
    EXPECT_EQ(text_of(s.last), first) << name_of(event);
  }
  EXPECT_EQ(s.status(), "draining");
}

TEST(Decide, AnEventOfAnOlderGenerationChangesNothing) {
  Scenario s;
  for (const Event& event : story()) {
    s.wait(1500).on(event);
    if (s.state.generation != Generation{1, 2}) continue;
    const Generation old{1, 1};
    for (const Event& late : std::vector<Event>{
             RankExited{old, 1, "node-0", 3, 0, false, 50, "out of luck"}, RankFailed{old, 1, "nan", "loss"},
             RanksRestored{old, 0, 50, "", {"/s/step-10"}, {"torn"}}, FirstStep{old, 50}, CaughtUp{old, 50},
             RankDone{old, 0, 100, "abc"}, ProgressStalled{old, 60'000, 30'000, "step", 50},
             LaunchFailed{old, "no memory"}}) {
      const Decision d = decide(s.state, late, Inputs{s.now_ms}, s.policy);
      EXPECT_EQ(json::to_text(to_json(d.next)), json::to_text(to_json(s.state))) << name_of(late);
      EXPECT_TRUE(d.actions.empty() && d.transitions.empty() && d.reasons.empty()) << name_of(late);
    }
  }
  EXPECT_EQ(s.state.generation, (Generation{1, 2}));
}

TEST(Decide, AnEntryOfASpoolThatWasToldBeforeChangesNothing) {
  Scenario s;
  s.training();
  const Event death = RankExited{s.state.generation, 2, "node-1", -1, 9, false, 37, ""};
  s.state = decide(s.state, FirstStep{s.state.generation, 1}, {s.now_ms, "node-1", 7}, s.policy).next;
  const Decision again = decide(s.state, death, {s.now_ms, "node-1", 7}, s.policy);
  EXPECT_EQ(json::to_text(to_json(again.next)), json::to_text(to_json(s.state)));
  EXPECT_TRUE(again.actions.empty());
  EXPECT_FALSE(decide(s.state, death, {s.now_ms, "node-1", 8}, s.policy).actions.empty());
}

}  // namespace
}  // namespace longhaul::daemon
