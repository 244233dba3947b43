#include "daemon/supervisor/run_daemon.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/lock_file.h"
#include "tests/daemon/supervisor/supervisor_fixture.h"

namespace longhaul::daemon {
namespace {

using testing::HasSubstr;

class RunDaemonTest : public SupervisorFixture {
 protected:
  int run() {
    testing::internal::CaptureStderr();
    const int code = run_daemon({folder_.path(), folder_ / "programs", true});
    errors_ = testing::internal::GetCapturedStderr();
    return code;
  }
  std::string errors_;
};

TEST_F(RunDaemonTest, AConfigurationThatIsWrongIsExitTwoAndSaysWhere) {
  folder_.write("run.yaml", config::with(config::example_yaml(), "heads: 4", "heads: none"));
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(errors_, HasSubstr("run.yaml:12"));
}

TEST_F(RunDaemonTest, ASecondDaemonOfOneRunIsRefusedBeforeItTouchesAnything) {
  std::filesystem::create_directories(folder_ / "state");
  const auto lock = LockFile::acquire(folder_ / "state/daemon.lock");
  ASSERT_TRUE(lock);
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(errors_, HasSubstr("another daemon owns this run"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "store"));
}

TEST_F(RunDaemonTest, AStartThatFailsIsExitTwoOnStandardErrorAndInTheLog) {
  std::filesystem::remove(folder_ / "corpus/de.idx");
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(errors_, HasSubstr("corpus/de"));
  EXPECT_THAT(folder_.read("state/daemon.log"), HasSubstr("corpus/de"));
}

}  // namespace
}  // namespace longhaul::daemon
