#include "trainer/data/permutation.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

TEST(Permutation, EveryElementComesExactlyOnceAtAnySize) {
  for (uint64_t size : {1ull, 2ull, 3ull, 4ull, 5ull, 63ull, 64ull, 65ull, 1000ull, 4097ull, 65536ull}) {
    for (uint64_t key : {0ull, 1ull, 0xffffffffffffffffull}) {
      const Permutation order(size, key);
      std::vector<int> seen(size, 0);
      for (uint64_t i = 0; i < size; ++i) ++seen.at(order(i));
      EXPECT_EQ(seen, std::vector<int>(size, 1)) << "size " << size << " key " << key;
    }
  }
}

TEST(Permutation, NeighboursAreScattered) {
  // In a random order of n elements, about two neighbouring pairs stay neighbours. An order that keeps
  // many is no shuffle.
  constexpr uint64_t kSize = 100'000;
  const Permutation order(kSize, 7);
  int adjacent = 0;
  int64_t displacement = 0;
  for (uint64_t i = 0; i + 1 < kSize; ++i) {
    const auto a = static_cast<int64_t>(order(i)), b = static_cast<int64_t>(order(i + 1));
    adjacent += std::abs(a - b) == 1;
    displacement += std::abs(a - static_cast<int64_t>(i));
  }
  EXPECT_LT(adjacent, 20);
  EXPECT_NEAR(static_cast<double>(displacement) / kSize / kSize, 1.0 / 3, 0.01);  // of two uniform numbers
}

TEST(Permutation, KeysGiveDifferentOrders) {
  constexpr uint64_t kSize = 10'000;
  const Permutation one(kSize, 1), two(kSize, 2);
  int equal = 0;
  for (uint64_t i = 0; i < kSize; ++i) equal += one(i) == two(i);
  EXPECT_LT(equal, 15);  // 1 expected
}

TEST(Permutation, OrderIsFixedForever) {
  // A run that is resumed by a later version must read the same samples: these numbers never change.
  const Permutation order(10, 42);
  std::vector<uint64_t> got;
  for (uint64_t i = 0; i < 10; ++i) got.push_back(order(i));
  EXPECT_EQ(got, (std::vector<uint64_t>{2, 7, 1, 6, 4, 9, 5, 0, 8, 3}));
}

}  // namespace
}  // namespace longhaul::trainer::data
