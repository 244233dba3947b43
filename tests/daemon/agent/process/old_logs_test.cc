#include "daemon/agent/process/old_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(OldLogs, OnlyTheNewestLaunchesKeepTheirsAndNothingElseIsTouched) {
  TemporaryFolder folder;
  for (const char* launch : {"1.2", "1.10", "2.1", "10.1"})
    folder.write(std::string(launch) + "/rank-0.err", "x");
  folder.write("agent.log", "x");
  folder.write("of a person/notes", "x");
  ASSERT_TRUE(remove_old_logs(folder.path(), 2));
  EXPECT_THAT(list_directory(folder.path()).value(),
              testing::ElementsAre("10.1", "2.1", "agent.log", "of a person"));
  ASSERT_TRUE(remove_old_logs(folder.path(), 2));
  EXPECT_FALSE(remove_old_logs(folder / "absent", 2));
}

}  // namespace
}  // namespace longhaul::daemon
