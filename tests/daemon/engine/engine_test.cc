#include "daemon/engine/engine.h"

#include <gtest/gtest.h>

#include "daemon/engine/codec.h"

namespace longhaul::daemon {
namespace {

struct FakeClock : Clock {
  int64_t now = 1'000'000;
  int64_t set_forward_ms = 0;  // the wall clock was set while the process ran
  int64_t wall_ms() const override { return now + set_forward_ms; }
  int64_t steady_ms() const override { return now; }
};

struct MemoryJournal : Journal {
  std::optional<RunState> saved;
  std::vector<std::pair<json::object, Inputs>> events;
  std::vector<json::object> states;
  bool full = false;
  Result<std::optional<RunState>> load() override { return saved; }
  Result<int64_t> append(const Event& event, const Inputs& inputs, const Decision& d) override {
    if (full) return Error{ErrorCode::kNoSpace, "disk full"};
    saved = d.next;
    events.push_back({to_json(event), inputs});
    states.push_back(to_json(d.next));
    return static_cast<int64_t>(events.size());
  }
};

struct Recorder : Actuator {
  MemoryJournal* journal = nullptr;
  Engine* engine = nullptr;
  int64_t last = -1;
  std::vector<Action> actions;
  void act(const Action& action, const ActionId& id) override {
    EXPECT_EQ(static_cast<int64_t>(journal->events.size()), id.entry) << "acted before it was written down";
    EXPECT_LT(last, id.position()) << id.text();
    last = id.position();
    actions.push_back(action);
    if (std::holds_alternative<FindRestore>(action)) engine->handle(RestoreFound{"", 0});
  }
  template <class A>
  size_t count() const {
    size_t n = 0;
    for (const Action& a : actions) n += std::holds_alternative<A>(a);
    return n;
  }
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    policy_.nodes = {"node-0"};
    policy_.ranks_per_node = 2;
    policy_.step_timeout_floor_ms = 1000;
    recorder_.journal = &journal_;
    recorder_.engine = &engine_;
  }
  void train() {
    ASSERT_TRUE(engine_.load());
    engine_.handle(DaemonStarted{1, 0});
    engine_.handle(AgentConnected{"node-0", "i", {}});
    engine_.observe_step({1, 1}, 1);
    ASSERT_EQ(engine_.state().status, RunStatus::kTraining);
  }
  Policy policy_;
  FakeClock clock_;
  MemoryJournal journal_;
  Recorder recorder_;
  Engine engine_{policy_, clock_, journal_, recorder_};
};

TEST_F(EngineTest, PersistsBeforeItActsAndLaunchesOnce) {
  train();
  EXPECT_EQ(recorder_.count<LaunchRanks>(), 1u);
}

TEST_F(EngineTest, DecidesNothingWhileTheJournalIsFullAndNothingIsForgotten) {
  train();
  journal_.full = true;
  const size_t acted = recorder_.actions.size();
  engine_.handle(RankExited{{1, 1}, 0, "node-0", -1, 9, false, 1, ""});
  engine_.handle(RankExited{{1, 1}, 1, "node-0", -1, 9, false, 1, ""});
  EXPECT_EQ(recorder_.actions.size(), acted);
  EXPECT_FALSE(engine_.command({"pause", "me", ""}, false).accepted);
  EXPECT_EQ(engine_.state().status, RunStatus::kTraining);
  journal_.full = false;
  engine_.tick();
  EXPECT_EQ(engine_.state().generation, (Generation{1, 2}));
}

TEST_F(EngineTest, TakesUpTheStateOfTheDaemonBeforeIt) {
  train();
  Recorder second_hands;
  second_hands.journal = &journal_;
  Engine second(policy_, clock_, journal_, second_hands);
  second_hands.engine = &second;
  ASSERT_TRUE(second.load());
  second.handle(DaemonStarted{2, 1});
  second.handle(AgentConnected{"node-0", "i", {{0, "1.1", true}, {1, "1.1", true}}});
  EXPECT_EQ(second.state().status, RunStatus::kTraining);
  EXPECT_EQ(second_hands.count<LaunchRanks>(), 0u);
  for (int i = 0; i < 11; ++i) {
    clock_.now += 100;
    second.tick();
  }
  EXPECT_EQ(second.state().status, RunStatus::kRecovering) << "it watches for hangs from the start";
}

TEST_F(EngineTest, AClockThatIsSetMovesNoDeadline) {
  policy_.start_timeout_ms = 5'000;
  ASSERT_TRUE(engine_.load());
  clock_.set_forward_ms = 3'600'000;
  engine_.handle(DaemonStarted{1, 0});
  engine_.handle(AgentConnected{"node-0", "i", {}});
  ASSERT_EQ(engine_.state().status, RunStatus::kLaunching);
  for (int i = 0; i < 49; ++i) {
    clock_.now += 100;
    engine_.tick();
  }
  EXPECT_EQ(engine_.state().status, RunStatus::kLaunching);
  clock_.set_forward_ms = -3'600'000;
  clock_.now += 100;
  engine_.tick();
  EXPECT_EQ(engine_.state().status, RunStatus::kRecovering);
}

TEST_F(EngineTest, WhatASpoolTellsAgainAfterACrashIsNoNews) {
  train();
  const CheckpointSaved saved{.generation = {1, 1}, .step = 1, .path = "/s/step-1-b0-g1.1"};
  engine_.handle(saved, {"node-0", 7});
  EXPECT_EQ(recorder_.count<Announce>(), 2u) << "the start and the save";
  Recorder second_hands;
  second_hands.journal = &journal_;
  Engine second(policy_, clock_, journal_, second_hands);
  second_hands.engine = &second;
  ASSERT_TRUE(second.load());
  second.handle(RankFailed{{1, 1}, 0, "other", "an older entry"}, {"node-0", 6});
  second.handle(saved, {"node-0", 7});
  EXPECT_TRUE(second_hands.actions.empty());
  second.handle(CheckpointSaved{.generation = {1, 1}, .step = 2, .path = "/s/2"}, {"node-0", 8});
  EXPECT_EQ(second_hands.count<Announce>(), 1u);
}

TEST_F(EngineTest, ADryRunSaysWhatWouldHappenAndChangesNothing) {
  train();
  const size_t entries = journal_.events.size();
  const Reply reply = engine_.command({"pause", "me", ""}, true);
  EXPECT_TRUE(reply.accepted);
  EXPECT_NE(reply.message.find("training → draining"), std::string::npos);
  EXPECT_EQ(journal_.events.size(), entries);
  EXPECT_EQ(engine_.state().status, RunStatus::kTraining);
}

TEST_F(EngineTest, TheJournalReplaysToTheSameStates) {
  train();
  engine_.handle(RankExited{{1, 1}, 0, "node-0", 3, 0, false, 1, "oops"});
  engine_.handle(RankExited{{1, 1}, 1, "node-0", -1, 9, true, 1, ""});
  clock_.now += 5000;
  engine_.tick();
  engine_.command({"stop", "me", "enough"}, false);
  RunState state;
  for (size_t i = 0; i < journal_.events.size(); ++i) {
    const Event event = parse_event(journal_.events[i].first).value();
    state = decide(state, event, journal_.events[i].second, policy_).next;
    EXPECT_EQ(to_json(state), journal_.states[i]) << i << " " << name_of(event);
  }
}

}  // namespace
}  // namespace longhaul::daemon
