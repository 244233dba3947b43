#include "checkpoint/store/lineage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checkpoint/store/store_fixture.h"

namespace longhaul::checkpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LineageTest : public testing::Test {
 protected:
  LineageTest() { make_store(disk_); }

  void fork(int64_t branch, int64_t parent, int64_t step) {
    disk_.put_file(fmt::format("/store/branches/{}.json", branch),
                   fmt::format(R"({{"branch":{},"parent":{},"fork_step":{},"reason":"loss spike"}})", branch,
                               parent, step));
  }
  std::vector<std::string> restorable_names(int64_t branch) {
    std::vector<std::string> names;
    const Restorable found = restorable(store_, branch).value();
    for (const Checkpoint& c : found.checkpoints) {
      names.push_back(folder_name(c.key()).value());
    }
    return names;
  }

  SimulatedFileSystem disk_;
  Store store_{disk_, kStorePath, kSmallBlocks};
};

TEST_F(LineageTest, NeverRestoresAnAbandonedFuture) {
  for (const int64_t step : {10, 20, 30, 40}) ASSERT_TRUE(save(store_, {step, 0, "1.1"}, 1));
  fork(1, 0, 20);
  for (const int64_t step : {25, 35}) ASSERT_TRUE(save(store_, {step, 1, "1.2"}, 1));
  fork(2, 1, 15);  // behind the fork of its parent: nothing of branch 1 is left, nor step 20 of branch 0
  ASSERT_TRUE(save(store_, {16, 2, "1.3"}, 1));
  fork(3, 1, 25);

  EXPECT_THAT(restorable_names(0),
              ElementsAre("step-40-b0-g1.1", "step-30-b0-g1.1", "step-20-b0-g1.1", "step-10-b0-g1.1"));
  EXPECT_THAT(restorable_names(1),
              ElementsAre("step-35-b1-g1.2", "step-25-b1-g1.2", "step-20-b0-g1.1", "step-10-b0-g1.1"));
  EXPECT_THAT(restorable_names(2), ElementsAre("step-16-b2-g1.3", "step-10-b0-g1.1"));
  EXPECT_THAT(restorable_names(3), ElementsAre("step-25-b1-g1.2", "step-20-b0-g1.1", "step-10-b0-g1.1"));
}

TEST_F(LineageTest, TriesTheNewerGenerationOfAStepFirst) {
  ASSERT_TRUE(save(store_, {10, 0, "1.9"}, 1));
  ASSERT_TRUE(save(store_, {10, 0, "1.10"}, 1));
  EXPECT_THAT(restorable_names(0), ElementsAre("step-10-b0-g1.10", "step-10-b0-g1.9"));
}

TEST_F(LineageTest, SkipsDistrustedDamagedAndTornOnesWithTheirReason) {
  for (const int64_t step : {10, 20, 30}) ASSERT_TRUE(save(store_, {step, 0, "1.1"}, 1));
  disk_.put_file("/store/documents/distrusted/step-20-b0-g1.1.json", R"({"reason":"NaN at step 21 twice"})");
  disk_.flip_bit("/store/checkpoints/step-30-b0-g1.1/manifest.json", 200, 1);
  ASSERT_TRUE(store_.create({40, 0, "1.1"}));
  ASSERT_TRUE(store_.create({40, 7, "1.1"}));  // not of this branch
  EXPECT_THAT(restorable_names(0), ElementsAre("step-10-b0-g1.1"));
  const auto skipped = restorable(store_, 0).value().skipped;
  ASSERT_EQ(skipped.size(), 3U);
  EXPECT_THAT(skipped[0].reason, HasSubstr("NaN at step 21 twice"));
  EXPECT_EQ(skipped[1].why, Rejected::Why::kDamaged);
  EXPECT_EQ(skipped[2].why, Rejected::Why::kTorn);
}

TEST_F(LineageTest, DistrustsEvenWhenTheDocumentIsBroken) {
  ASSERT_TRUE(save(store_, {10, 0, "1.1"}, 1));
  disk_.put_file("/store/documents/distrusted/step-10-b0-g1.1.json", "");
  EXPECT_TRUE(restorable_names(0).empty());
}

TEST_F(LineageTest, FailsWhenAManifestOrADocumentCannotBeReadNowAndCallsNothingDamaged) {
  for (const int64_t step : {10, 20}) ASSERT_TRUE(save(store_, {step, 0, "1.1"}, 1));
  disk_.put_file("/store/documents/distrusted/step-10-b0-g1.1.json", R"({"reason":"NaN"})");
  const int64_t before = disk_.operations();
  ASSERT_TRUE(restorable(store_, 0));
  const int64_t operations = disk_.operations() - before;
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kUnavailable, ErrorCode::kNoSpace}) {
    for (int64_t k = 0; k < operations; ++k) {
      disk_.fail_at(disk_.operations() + k, code);
      const auto found = restorable(store_, 0);
      ASSERT_FALSE(found) << k;
      EXPECT_EQ(found.error().code, code) << k;
      ASSERT_EQ(restorable_names(0), (std::vector<std::string>{"step-20-b0-g1.1"})) << k;
    }
  }
}

TEST_F(LineageTest, RefusesALineageThatCannotBe) {
  const auto message = [&](int64_t branch) { return restorable(store_, branch).error().message; };
  EXPECT_EQ(restorable(store_, 5).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(message(5), HasSubstr("/store/branches/5.json"));
  fork(1, 1, 10);
  EXPECT_THAT(message(1), HasSubstr("parent 1 is not a lower number than 1"));
  fork(2, 3, 10);
  EXPECT_THAT(message(2), HasSubstr("parent 3 is not a lower number than 2"));
  fork(3, 0, -1);
  EXPECT_THAT(message(3), HasSubstr("fork_step -1 is negative"));
  disk_.put_file("/store/branches/4.json", R"({"branch":5,"parent":0,"fork_step":1})");
  EXPECT_THAT(message(4), HasSubstr("describes branch 5"));
  EXPECT_FALSE(restorable(store_, -1));
}

}  // namespace
}  // namespace longhaul::checkpoint
