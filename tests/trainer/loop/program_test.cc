#include "trainer/loop/program.h"

#include <sstream>

#include <gmock/gmock.h>

#include "base/posix/file.h"
#include "tests/trainer/loop/tiny_run.h"

namespace longhaul::trainer {
namespace {

struct Said {
  int exit_code;
  std::string out, err;
};
Said run(const std::vector<std::string>& arguments,
         const std::map<std::string, std::string>& variables = {}) {
  std::ostringstream out, err;
  const int code = run_program(
      arguments,
      [&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      real_ports(), out, err);
  return {code, out.str(), err.str()};
}

TEST(Program, TrainsAloneWithNothingButAFolder) {
  TinyRun tiny;
  EXPECT_EQ(run({"--run-dir", tiny.path()}).exit_code, 0);
  EXPECT_TRUE(path_exists(tiny.store() + "/checkpoints/step-12-b0-g0.0/manifest.json"));
}

TEST(Program, PrintsADryRunAsJson) {
  TinyRun tiny;
  const Said said = run({"--dry-run", tiny.path() + "/run.yaml"});
  EXPECT_EQ(said.exit_code, 0);
  const auto cost = json::parse_object(said.out);
  ASSERT_TRUE(cost);
  EXPECT_EQ(*json::get_int(*cost, "parameters"), 2 * (12 * 32 * 32 + 13 * 32) + 64 * 32 + 4 * 32);
}

TEST(Program, SaysWhatIsWrongAndExitsWithTwo) {
  TinyRun tiny;
  EXPECT_THAT(run({"--fast"}).err, ::testing::HasSubstr("--fast"));
  EXPECT_EQ(run({"--fast"}).exit_code, 2);
  EXPECT_EQ(run({"--run-dir"}).exit_code, 2);
  EXPECT_THAT(run({}, {{"RANK", "x"}}).err, ::testing::HasSubstr("RANK is 'x'"));
  EXPECT_EQ(run({"--run-dir", tiny.path() + "/nothing-here"}).exit_code, 2);
  EXPECT_EQ(run({"--run-dir", tiny.path()}, {{"WORLD_SIZE", "1000"}, {"MASTER_PORT", "1"}}).exit_code, 2);
  tiny.write_config(4, "batches: 3\n");
  EXPECT_EQ(run({"--run-dir", tiny.path()}).exit_code, 2);
  EXPECT_THAT(tiny.checkpoints(), ::testing::ElementsAre());
}

}  // namespace
}  // namespace longhaul::trainer
