#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

using testing::Contains;

std::vector<SeenRank> alive(const RunState& state, const std::string& node) {
  std::vector<SeenRank> ranks;
  for (const RankState& r : state.ranks) {
    if (r.node == node) ranks.push_back({r.rank, state.generation.text(), true});
  }
  return ranks;
}

TEST(Agents, ASpareTakesTheRanksOfANodeWhoseAgentDied) {
  Scenario s;
  s.training().connect("node-2");
  s.on(AgentDisconnected{"node-1"});
  EXPECT_EQ(s.status(), "training") << "a lost connection alone says nothing about the ranks";
  EXPECT_EQ(s.state.nodes["node-1"].status, NodeStatus::kSuspect);
  s.on(AgentDied{"node-1"});
  EXPECT_EQ(s.status(), "recovering");
  EXPECT_EQ(s.done<StartAgent>().size(), 1u);
  s.exit(0, 75).exit(1, 75);
  s.on(RestoreFound{"", 0});
  EXPECT_EQ(s.state.ranks[2].node, "node-2");
  EXPECT_EQ(s.status(), "launching");
  s.connect("node-1");
  EXPECT_EQ(s.state.nodes["node-1"].status, NodeStatus::kSpare);
}

TEST(Agents, ASpareIsTakenBeforeTheNodeThatHasJustLostItsAgentHoweverSoonThatIsBack) {
  Scenario s;
  s.training().connect("node-2");
  s.on(AgentDied{"node-1"}).wait(5).connect("node-1").wait(5);
  s.exit(0, 75).exit(1, 75).on(RestoreFound{"", 0});
  ASSERT_EQ(s.status(), "launching");
  EXPECT_EQ(s.state.ranks[0].node, "node-0");
  EXPECT_EQ(s.state.ranks[2].node, "node-2");
}

TEST(Agents, WithoutASpareTheNodeIsWaitedFor) {
  Scenario s;
  s.policy.nodes = {"node-0", "node-1"};
  s.training();
  s.on(AgentDied{"node-1"}).exit(0, -1, 9).exit(1, -1, 9);
  EXPECT_EQ(s.status(), "acquiring");
  EXPECT_TRUE(s.done<FindRestore>().empty());
  s.connect("node-1");
  EXPECT_EQ(s.done<FindRestore>().size(), 1u);
}

TEST(Agents, ADaemonThatTakesOverFindsItsRanksAndChangesNothing) {
  Scenario s;
  s.training();
  const Generation before = s.state.generation;
  s.wait(3000).on(DaemonStarted{2, 14});
  s.on(AgentConnected{"node-0", "i-node-0", alive(s.state, "node-0")})
      .on(AgentConnected{"node-1", "i-node-1", alive(s.state, "node-1")});
  EXPECT_EQ(s.status(), "training");
  EXPECT_EQ(s.state.generation, before);
  EXPECT_EQ(s.state.deadline_ms, 0);
  EXPECT_EQ(s.state.daemon_restarts, 1);
  EXPECT_TRUE(s.of<StopAllRanks>(s.all).empty());
  EXPECT_THAT(s.announced(), Contains("daemon_restarted"));
}

TEST(Agents, ADaemonThatTakesOverNoticesThatAnAgentDiedMeanwhile) {
  Scenario s;
  s.training().on(DaemonStarted{2, 14});
  s.on(AgentConnected{"node-0", "i-node-0", alive(s.state, "node-0")}).connect("node-1");
  EXPECT_EQ(s.status(), "recovering");
  s.exit(0, -1, 9).exit(1, -1, 9).on(RestoreFound{"", 0});
  EXPECT_EQ(s.state.generation, (Generation{2, 1}));
}

TEST(Agents, AnAgentThatNeverComesBackIsFencedNotAssumedDead) {
  Scenario s;
  s.training().on(DaemonStarted{2, 14});
  s.on(AgentConnected{"node-0", "i-node-0", alive(s.state, "node-0")});
  s.wait(s.policy.agent_start_timeout_ms).on(DeadlinePassed{});
  ASSERT_EQ(s.done<FenceNode>().size(), 1u);
  EXPECT_EQ(s.done<FenceNode>()[0].node, "node-1");
  EXPECT_EQ(s.status(), "training");
  s.on(AgentDied{"node-1"});
  EXPECT_EQ(s.status(), "recovering");
}

TEST(Agents, LeftOversOfAnOlderGenerationAreKilled) {
  Scenario s;
  s.training();
  s.on(AgentConnected{"node-2", "i", {{5, "0.7", true}}});
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_EQ(s.done<StopAllRanks>()[0].generation, (Generation{0, 7}));
  EXPECT_EQ(s.status(), "training");
}

TEST(Agents, ASilentNodeIsFencedFirst) {
  Scenario s;
  s.training().on(NodeSilent{"node-1", 20'000});
  EXPECT_EQ(s.done<FenceNode>().size(), 1u);
  EXPECT_EQ(s.status(), "training");
}

TEST(Agents, RanksThatALostDecisionLeftRunningAreStoppedWhenTheyShowUp) {
  Scenario s;
  s.training().on(DigestMismatch{"m:1", 17, "loss"});
  ASSERT_EQ(s.status(), "halted");
  s.on(DaemonStarted{2, 17}).on(AgentConnected{"node-0", "i", alive(s.state, "node-0")});
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_TRUE(s.done<StopAllRanks>()[0].force);
}

TEST(Agents, OneThatDiesAsItStartsIsGivenMoreAndMoreTime) {
  Scenario s;
  s.training();
  std::vector<int64_t> waits;
  for (int death = 0; death < 5; ++death) {
    s.connect("node-2").on(AgentDied{"node-2"});
    waits.push_back(std::max<int64_t>(0, s.state.nodes["node-2"].start_again_ms - s.now_ms));
  }
  EXPECT_EQ(s.status(), "training");
  EXPECT_LT(waits[1], waits[2]);
  EXPECT_LT(waits[2], waits[3]);
  s.connect("node-2").wait(60'000).on(AgentDied{"node-2"});
  EXPECT_EQ(s.done<StartAgent>().size(), 1u) << "it had lived well";
}

}  // namespace
}  // namespace longhaul::daemon
