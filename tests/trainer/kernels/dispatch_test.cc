#include <gtest/gtest.h>

#include "trainer/kernels/tables.h"

namespace longhaul::trainer {
namespace {

TEST(Dispatch, ThePortableTableIsAlwaysUsableAndTheFirstIsTheFastest) {
  const auto usable = usable_kernels();
  ASSERT_FALSE(usable.empty());
  EXPECT_EQ(usable.back(), &kPortableKernels);
  EXPECT_EQ(usable.front(), &fastest_kernels());
}

}  // namespace
}  // namespace longhaul::trainer
