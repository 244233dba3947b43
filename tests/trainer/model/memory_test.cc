#include "trainer/model/memory.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(Memory, CutsWhatItCountedIntoAlignedPiecesThatDoNotOverlap) {
  MemoryCutter counter(nullptr);
  EXPECT_EQ(counter.take<float>(3), nullptr);
  counter.take<double>(100);
  counter.take<char>(1);
  const AlignedMemory memory = allocate_aligned(counter.used_bytes());
  MemoryCutter cutter(memory.get());
  const auto* a = cutter.take<float>(3);
  const auto* b = cutter.take<double>(100);
  const auto* c = cutter.take<char>(1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 64, 0u);
  EXPECT_GE(reinterpret_cast<uintptr_t>(b), reinterpret_cast<uintptr_t>(a + 3));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % 64, 0u);
  EXPECT_GE(reinterpret_cast<uintptr_t>(c), reinterpret_cast<uintptr_t>(b + 100));
  EXPECT_EQ(cutter.used_bytes(), counter.used_bytes());
  EXPECT_LT(c - reinterpret_cast<const char*>(memory.get()), counter.used_bytes());
}

}  // namespace
}  // namespace longhaul::trainer
