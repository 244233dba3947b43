#include "daemon/core/names.h"

#include <set>

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

TEST(Names, EveryStateHasItsOwnWordAndIsFoundByIt) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(RunStatus::kCompleted); ++i) {
    const auto status = static_cast<RunStatus>(i);
    RunStatus found{};
    ASSERT_TRUE(from_text(to_text(status), &found));
    EXPECT_EQ(found, status);
    EXPECT_TRUE(words.insert(to_text(status)).second);
  }
  RunStatus unchanged = RunStatus::kHalted;
  EXPECT_FALSE(from_text("runing", &unchanged));
  EXPECT_EQ(unchanged, RunStatus::kHalted);
}

}  // namespace
}  // namespace longhaul::daemon
