#include "daemon/agent/agent_messages.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

ReportSubject subject(const char* text) { return subject_of(*json::parse_object(text)); }

TEST(AgentMessagesTest, OnlyTheFiguresOfAStepAreAStepReport) {
  EXPECT_TRUE(subject(R"({"step":121,"phase":"train","loss":2.46})").is_step);
  EXPECT_TRUE(subject(R"({"step":12})").is_step);
  for (const char* other :
       {R"({"phase":"done","step":200,"state_digest":"x"})", R"({"checkpoint":{"step":120}})",
        R"({"phase":"train"})", R"({"phase":"restore","restored_step":120})",
        R"({"step":5,"error":{"kind":"nonfinite"}})", R"({"step":5,"phase":"checkpoint"})", R"({"step":"5"})",
        R"({"step":-1})", "{}"})
    EXPECT_FALSE(subject(other).is_step) << other;
  EXPECT_EQ(subject(R"({"phase":"done","step":200})").step, 200);
  EXPECT_EQ(subject(R"({"phase":"done","step":200})").phase, "done");
  EXPECT_EQ(subject(R"({"phase":7})").phase, "");
}

TEST(AgentMessagesTest, ALaunchKeepsEveryField) {
  wire::Launch m;
  m.id = "a";
  m.term = 3;
  m.generation = "3.7";
  m.branch = 2;
  m.world_size = 8;
  m.node_rank = 1;
  m.node_count = 2;
  m.ranks = {{4, 0}, {5, 1}};
  m.master_address = "host";
  m.master_port = 1234;
  m.resume = "/checkpoint";
  m.restarts = 6;
  const auto command = to_command(m);
  ASSERT_TRUE(command);
  const auto& c = std::get<LaunchCommand>(*command);
  EXPECT_EQ(c.id, "a");
  EXPECT_EQ(c.term, 3);
  EXPECT_EQ(c.generation, (Generation{3, 7}));
  EXPECT_EQ(c.branch, 2);
  EXPECT_EQ(c.world_size, 8);
  EXPECT_EQ(c.node_rank, 1);
  EXPECT_EQ(c.node_count, 2);
  ASSERT_EQ(c.ranks.size(), 2u);
  EXPECT_EQ(c.ranks[1].rank, 5);
  EXPECT_EQ(c.ranks[1].local_rank, 1);
  EXPECT_EQ(c.master_address, "host");
  EXPECT_EQ(c.master_port, 1234);
  EXPECT_EQ(c.resume, "/checkpoint");
  EXPECT_EQ(c.restarts, 6);
}

TEST(AgentMessagesTest, AGenerationThatIsNoneIsRefused) {
  wire::Launch launch;
  launch.generation = "3";
  EXPECT_FALSE(to_command(launch));
  wire::StopRanks stop;
  stop.generation = "3.x";
  EXPECT_FALSE(to_command(stop));
  wire::TellRanks tell;
  EXPECT_FALSE(to_command(tell));
}

TEST(AgentMessagesTest, AnExitIsReadableAsTheWiresExitReport) {
  const RecordExit exit{{{3, 7}, 2}, 99, -1, 9, true, ""};
  const auto entry = json::parse_object(exit_report_text(exit, "last\nwords"));
  const auto report = wire::parse_exit_report(*json::get_object(*entry, "exit"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rank, 2);
  EXPECT_EQ(report->generation, "3.7");
  EXPECT_EQ(report->pid, 99);
  EXPECT_EQ(report->exit_code, -1);
  EXPECT_EQ(report->signal, 9);
  EXPECT_TRUE(report->asked);
  EXPECT_EQ(report->last_stderr, "last\nwords");
}

}  // namespace
}  // namespace longhaul::daemon
