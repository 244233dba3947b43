#include "trainer/data/mixture.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

TEST(Mixture, EveryPrefixIsWithinOneSampleOfItsShare) {
  const auto mixture = Mixture::create({30.3, 17.7, 13.1, 10.7, 5, 3.3, 2.5, 1.1, 0.2, 0.035});
  ASSERT_TRUE(mixture);
  std::vector<int64_t> taken(10, 0);
  for (int64_t i = 0; i < 3 * Mixture::kPeriod; ++i) {
    const auto pick = mixture->at(i);
    ASSERT_EQ(pick.ordinal, taken[pick.corpus]) << i;
    ++taken[pick.corpus];
    for (size_t k = 0; k < taken.size(); ++k) {
      const double share = static_cast<double>(mixture->shares()[k]) / Mixture::kPeriod;
      // Greedy never runs ahead by a whole sample; it may lag by more when many are nearly equal.
      ASSERT_LT(static_cast<double>(taken[k]) - share * static_cast<double>(i + 1), 1.0)
          << i << " corpus " << k;
    }
  }
  for (size_t k = 0; k < taken.size(); ++k) EXPECT_EQ(taken[k], 3 * mixture->shares()[k]);
}

TEST(Mixture, AnyIndexIsAnsweredAsIfAllBeforeItHadBeenWalked) {
  const auto mixture = Mixture::create({1, 2, 4});
  ASSERT_TRUE(mixture);
  // Greedy by hand with weights 1/7, 2/7, 4/7: deficits decide 2,1,2,0,2,1,2 and so on.
  const std::vector<int> expected = {2, 1, 2, 0, 2, 1, 2};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(mixture->at(i).corpus, expected[i]) << i;
  const int64_t far = 1'000'000'000'000;
  const auto before = mixture->at(far), after = mixture->at(far + Mixture::kPeriod);
  EXPECT_EQ(before.corpus, after.corpus);
  EXPECT_EQ(after.ordinal - before.ordinal, mixture->shares()[before.corpus]);
}

TEST(Mixture, OneCorpusGetsEverySample) {
  const auto mixture = Mixture::create({0.001});
  ASSERT_TRUE(mixture);
  for (int64_t i :
       {int64_t{0}, int64_t{1}, Mixture::kPeriod - 1, Mixture::kPeriod, int64_t{123'456'789'012}}) {
    EXPECT_EQ(mixture->at(i).corpus, 0);
    EXPECT_EQ(mixture->at(i).ordinal, i);
  }
}

TEST(Mixture, TheSmallestCorpusIsNotForgotten) {
  const auto mixture = Mixture::create({1e9, 1e-9});
  ASSERT_TRUE(mixture);
  EXPECT_EQ(mixture->shares(), (std::vector<int64_t>{Mixture::kPeriod - 1, 1}));
}

TEST(Mixture, AWeightOfZeroMeansNever) {
  const auto mixture = Mixture::create({0, 1, 0, 2});
  ASSERT_TRUE(mixture);
  for (int64_t i = 0; i < Mixture::kPeriod; ++i) ASSERT_EQ(mixture->at(i).corpus % 2, 1);
}

TEST(Mixture, TheScaleOfTheWeightsDoesNotMatter) {
  const auto one = Mixture::create({0.5, 0.25, 0.25}), other = Mixture::create({200, 100, 100});
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->shares(), other->shares());
}

TEST(Mixture, WeightsThatAreNoShareAreRefused) {
  for (const auto& weights : std::vector<std::vector<double>>{{},
                                                              {0, 0},
                                                              {1, -1},
                                                              {1, std::nan("")},
                                                              {1, std::numeric_limits<double>::infinity()},
                                                              {1e308, 1e308}}) {
    const auto mixture = Mixture::create(weights);
    ASSERT_FALSE(mixture);
    EXPECT_EQ(mixture.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace longhaul::trainer::data
