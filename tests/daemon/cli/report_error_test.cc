#include <map>

#include <gtest/gtest.h>

#include "daemon/cli/commands.h"

namespace longhaul::daemon {
namespace {

TEST(ReportError, EveryKindOfErrorHasTheExitCodeOfTheManual) {
  const std::map<ErrorCode, int> codes = {
      {ErrorCode::kInvalid, 2},  {ErrorCode::kNotFound, 2},    {ErrorCode::kConflict, 2},
      {ErrorCode::kDenied, 2},   {ErrorCode::kIo, 3},          {ErrorCode::kNoSpace, 3},
      {ErrorCode::kInternal, 3}, {ErrorCode::kUnavailable, 4}, {ErrorCode::kTimeout, 4},
      {ErrorCode::kClosed, 4},   {ErrorCode::kCorrupt, 5}};
  for (const auto& [error, exit_code] : codes) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(report_error(Error{error, "what happened"}), exit_code);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "longhaul: what happened\n");
  }
}

}  // namespace
}  // namespace longhaul::daemon
