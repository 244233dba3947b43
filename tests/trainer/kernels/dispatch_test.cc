#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "trainer/kernels/tables.h"

namespace longhaul::trainer {
namespace {

TEST(Dispatch, TheFasterTableComesFirstAndThePortableOneIsAlwaysThere) {
  const std::vector<const Kernels*> fastest_first = {&kAvx512Kernels, &kAvx2Kernels, &kPortableKernels};
  const auto usable = usable_kernels();
  ASSERT_FALSE(usable.empty());
  auto next = fastest_first.begin();
  for (const Kernels* kernels : usable) {
    next = std::find(next, fastest_first.end(), kernels);
    ASSERT_NE(next, fastest_first.end()) << "out of order, twice, or no table of ours";
    ++next;
  }
  EXPECT_EQ(usable.back(), &kPortableKernels);
  EXPECT_EQ(&fastest_kernels(), usable.front());
}

}  // namespace
}  // namespace longhaul::trainer
