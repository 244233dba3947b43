#include "daemon/runtime/term/term.h"

#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "config/load.h"
#include "tests/config/example.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(Term, EveryClaimIsHigherAndOnlyTheLastHolds) {
  const TemporaryFolder folder;
  const std::string& store = folder.path();
  const Term first = claim_term(store).value();
  EXPECT_EQ(first.number, 1);
  EXPECT_TRUE(holds_term(store, first).value());
  const Term second = claim_term(store).value();
  EXPECT_EQ(second.number, 2);
  EXPECT_NE(second.uuid, first.uuid);
  EXPECT_FALSE(holds_term(store, first).value());
}

TEST(Term, ClaimantsAtOnceGetDifferentTerms) {
  const TemporaryFolder folder;
  const std::string& store = folder.path();
  std::vector<Term> terms(8);
  {
    std::vector<std::jthread> threads;
    for (Term& term : terms) threads.emplace_back([&] { term = claim_term(store).value(); });
  }
  std::set<int64_t> numbers;
  for (const Term& term : terms) numbers.insert(term.number);
  EXPECT_EQ(numbers.size(), terms.size());
}

TEST(Generations, OnlyTheNewestLaunchStandsAndNoneLowersTheFence) {
  const TemporaryFolder folder;
  const std::string& store = folder.path();
  ASSERT_TRUE(publish_generation(store, {1, 9}));
  ASSERT_TRUE(publish_generation(store, {1, 10}));
  ASSERT_TRUE(publish_generation(store, {1, 10})) << "done twice, after a crash, it is the same";
  EXPECT_THAT(list_directory(store + "/generations").value(), testing::ElementsAre("1.10"));
  ASSERT_TRUE(publish_generation(store, {2, 1}));
  const auto late = publish_generation(store, {1, 11});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDenied);
  EXPECT_THAT(late.error().message, testing::HasSubstr("2.1"));
  EXPECT_THAT(list_directory(store + "/generations").value(), testing::Contains("2.1"));
}

TEST(Identity, AStoreBelongsToOneRunAndOneConfiguration) {
  const TemporaryFolder folder;
  const std::string& store = folder.path();
  auto config = config::parse(config::example_yaml(), "run.yaml", store).value();
  const auto uuid = check_identity(store, config);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->size(), 36U);
  EXPECT_EQ(check_identity(store, config).value(), *uuid);
  config.run.target_steps = 999;
  EXPECT_TRUE(check_identity(store, config)) << "the target may change";
  config.run.seed = 8;
  const auto other = check_identity(store, config);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kConflict);
  EXPECT_THAT(other.error().message, testing::HasSubstr("seed=7, now seed=8"));
  config.run.name = "other";
  EXPECT_THAT(check_identity(store, config).error().message, testing::HasSubstr("belongs to run 'demo'"));
}

TEST(Identity, AskingWhetherAConfigurationFitsAStoreWritesNothing) {
  const TemporaryFolder folder;
  const std::string& store = folder.path();
  auto config = config::parse(config::example_yaml(), "run.yaml", store).value();
  EXPECT_TRUE(fits_store(store, config));
  EXPECT_THAT(list_directory(store).value(), testing::IsEmpty());
  ASSERT_TRUE(check_identity(store, config));
  EXPECT_TRUE(fits_store(store, config));
  config.run.seed = 8;
  EXPECT_THAT(fits_store(store, config).error().message, testing::HasSubstr("seed=7, now seed=8"));
}

}  // namespace
}  // namespace longhaul::daemon
