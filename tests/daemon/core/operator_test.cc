#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

OperatorCommand ask(const char* command) { return OperatorCommand{command, "uid 0", "test"}; }

TEST(Operator, PauseSavesThenResumeGoesOn) {
  Scenario s;
  s.training().on(ask("pause"));
  ASSERT_TRUE(s.last.reply && s.last.reply->accepted);
  EXPECT_EQ(s.status(), "draining");
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_FALSE(s.done<StopAllRanks>()[0].force);
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, 0, 0, true);
  EXPECT_EQ(s.status(), "paused");
  s.on(ask("resume"));
  EXPECT_EQ(s.status(), "acquiring");
  EXPECT_EQ(s.done<FindRestore>().size(), 1u);
}

TEST(Operator, StopEndsTheDaemonOnlyAfterTheRanksHaveLeft) {
  Scenario s;
  s.training().on(ask("stop"));
  EXPECT_TRUE(s.done<ExitDaemon>().empty());
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, 0, 0, true);
  ASSERT_EQ(s.done<ExitDaemon>().size(), 1u);
  EXPECT_EQ(s.done<ExitDaemon>()[0].exit_code, 0);
  s.on(DaemonStarted{2, 5, false});
  EXPECT_EQ(s.status(), "idle") << "a keeper that brings a dying daemon back does not undo the stop";
  EXPECT_EQ(s.done<ExitDaemon>().size(), 1u);
  s.on(DaemonStarted{3, 5, true});
  EXPECT_EQ(s.status(), "acquiring") << "started again by a person, it goes on";
}

TEST(Operator, RanksThatDoNotLeaveAreKilled) {
  Scenario s;
  s.training().on(ask("stop"));
  s.wait(s.policy.stop_grace_ms + s.policy.agent_start_retry_ms).on(DeadlinePassed{});
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_TRUE(s.done<StopAllRanks>()[0].force);
}

TEST(Operator, ACommandThatCannotBeDoneSaysWhyAndChangesNothing) {
  Scenario s;
  s.training();
  for (const char* command : {"resume", "explode"}) {
    const auto before = s.status();
    s.on(ask(command));
    ASSERT_TRUE(s.last.reply);
    EXPECT_FALSE(s.last.reply->accepted);
    EXPECT_TRUE(s.actions.empty());
    EXPECT_EQ(s.status(), before);
  }
  s.on(ask("pause")).on(ask("checkpoint"));
  EXPECT_EQ(s.last.reply->message, "a checkpoint can be taken while training; the run is draining");
}

TEST(Operator, ResumeWhilePausingFinishesThePauseAndGoesOn) {
  Scenario s;
  s.training().on(ask("pause")).on(ask("resume"));
  ASSERT_TRUE(s.last.reply->accepted);
  EXPECT_EQ(s.status(), "draining");
  s.on(AgentConnected{
      "node-0", "i", {{0, s.state.generation.text(), true}, {1, s.state.generation.text(), true}}});
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_FALSE(s.done<StopAllRanks>()[0].force) << "the save goes on";
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, 0, 0, true);
  EXPECT_EQ(s.status(), "acquiring");
}

TEST(Operator, AStopAfterAHaltKeepsItsExitCode) {
  Scenario s;
  s.training().on(DigestMismatch{"a:1", 3, "loss was 1, now 2"});
  EXPECT_EQ(s.status(), "halted");
  s.on(ask("stop"));
  ASSERT_EQ(s.done<ExitDaemon>().size(), 1u);
  EXPECT_EQ(s.done<ExitDaemon>()[0].exit_code, 5);
}

TEST(Operator, ADaemonThatDiesWhileStoppingGoesOnStopping) {
  Scenario s;
  s.training().on(ask("stop")).on(DaemonStarted{2, 5});
  EXPECT_EQ(s.status(), "draining");
  s.on(AgentConnected{
      "node-0", "i", {{0, s.state.generation.text(), true}, {1, s.state.generation.text(), true}}});
  EXPECT_EQ(s.done<StopAllRanks>().size(), 1u);
  s.connect("node-1");
  s.exit(0, 0, 0, true).exit(1, 0, 0, true);
  EXPECT_EQ(s.done<ExitDaemon>().size(), 1u);
}

}  // namespace
}  // namespace longhaul::daemon
