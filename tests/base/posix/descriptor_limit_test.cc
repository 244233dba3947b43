#include "base/posix/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace longhaul {
namespace {

TEST(DescriptorLimit, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit tight{64, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const int64_t limit = raise_descriptor_limit();
  rlimit raised{};
  ::getrlimit(RLIMIT_NOFILE, &raised);
  EXPECT_EQ(raised.rlim_cur, usual.rlim_max);
  EXPECT_TRUE(usual.rlim_max == RLIM_INFINITY || limit == static_cast<int64_t>(usual.rlim_max));
  ::setrlimit(RLIMIT_NOFILE, &usual);
}

}  // namespace
}  // namespace longhaul
