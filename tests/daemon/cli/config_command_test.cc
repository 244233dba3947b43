#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/identity.h"
#include "config/load.h"
#include "daemon/cli/commands.h"
#include "tests/daemon/cli/command_fixture.h"

namespace longhaul::daemon {
namespace {

using testing::HasSubstr;
using ConfigCommandTest = CommandTest;

TEST_F(ConfigCommandTest, AGoodFileIsGoodAndItsIdentityIsShown) {
  write_corpora();
  const std::string file = folder_ / "run.yaml";
  const Done done = run(config_command, {"check", file});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(done.output, file + ": good: run 'demo', identity " +
                             config::identity(config::load(file).value()) + ", 4 ranks on 2 nodes\n");
}

TEST_F(ConfigCommandTest, AWrongValueIsNamedWithItsPlace) {
  folder_.write("run.yaml", config::with(config::example_yaml(), "heads: 4", "heads: none"));
  const Done done = run(config_command, {"check", folder_ / "run.yaml"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.output, "");
  EXPECT_THAT(done.errors, testing::ContainsRegex("run.yaml:12:[0-9]+.*heads.*none"));
}

TEST_F(ConfigCommandTest, AMissingCorpusOrFileIsBadConfiguration) {
  const Done corpus = run(config_command, {"check", folder_ / "run.yaml"});
  EXPECT_EQ(corpus.exit_code, 2);
  EXPECT_THAT(corpus.errors, HasSubstr("corpus/en"));
  EXPECT_EQ(run(config_command, {"check", folder_ / "other.yaml"}).exit_code, 2);
}

TEST_F(ConfigCommandTest, BadUsageIsTwo) {
  EXPECT_EQ(run(config_command, {}).exit_code, 2);
  EXPECT_EQ(run(config_command, {"apply", folder_ / "run.yaml"}).exit_code, 2);
  EXPECT_EQ(run(config_command, {"check"}).exit_code, 2);
}

}  // namespace
}  // namespace longhaul::daemon
