#include "trainer/loop/environment.h"

#include <map>

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

Result<RankEnvironment> read(const std::map<std::string, std::string>& variables) {
  return read_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Environment, IsRankZeroOfOneWhenNobodySaysOtherwise) {
  const auto e = read({});
  ASSERT_TRUE(e);
  EXPECT_EQ(e->rank, 0);
  EXPECT_EQ(e->world_size, 1);
  EXPECT_FALSE(e->directed);
}

TEST(Environment, ReadsWhatTorchrunAndTheAgentSet) {
  const auto e = read({{"RANK", "3"},
                       {"WORLD_SIZE", "4"},
                       {"MASTER_ADDR", "10.0.0.1"},
                       {"MASTER_PORT", "29500"},
                       {"LONGHAUL_MASTER_FD", ""},
                       {"LONGHAUL_SOCKET", "/s"},
                       {"LONGHAUL_GENERATION", "3.1"},
                       {"LONGHAUL_BRANCH", "2"},
                       {"LONGHAUL_RUN_DIR", "/runs/a"},
                       {"LONGHAUL_RESUME", "/c/step-4-b0-g1.1"}});
  ASSERT_TRUE(e) << e.error().message;
  EXPECT_EQ(e->rank, 3);
  EXPECT_EQ(e->master_host, "10.0.0.1");
  EXPECT_EQ(e->master_port, 29500);
  EXPECT_EQ(e->master_fd, -1);
  EXPECT_TRUE(e->directed);
  EXPECT_EQ(e->generation, "3.1");
  EXPECT_EQ(e->branch, 2);
  EXPECT_EQ(e->resume, "/c/step-4-b0-g1.1");
}

TEST(Environment, NamesTheVariableThatIsWrong) {
  const auto message = [](const std::map<std::string, std::string>& variables) {
    const auto e = read(variables);
    return e ? std::string("accepted") : e.error().message;
  };
  EXPECT_EQ(message({{"WORLD_SIZE", "two"}}),
            "WORLD_SIZE is 'two'; it must be a whole number from 1 to 1048576");
  EXPECT_EQ(message({{"WORLD_SIZE", "2"}, {"RANK", "2"}}),
            "RANK is '2'; it must be a whole number from 0 to 1");
  EXPECT_EQ(message({{"WORLD_SIZE", "2"}, {"RANK", "1"}}),
            "MASTER_PORT is missing; more than one rank needs it");
  EXPECT_NE(message({{"LONGHAUL_GENERATION", "7"}}), "accepted");
}

}  // namespace
}  // namespace longhaul::trainer
