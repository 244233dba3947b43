#include "daemon/sim/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/sim/spec.h"

namespace longhaul::daemon::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Each promise, broken by hand: a check that could not fail would prove nothing.
class ChecksTest : public testing::Test {
 protected:
  Group group(const Generation& generation) {
    return Group({generation, 0, 1, "", 100, 1}, spec_, events_, store_, {});
  }
  Spec spec_;
  Events events_{1};
  Store store_{2};
  Checks checks_{events_, store_};
};

TEST_F(ChecksTest, AnOlderGenerationMayNotStepAfterANewerOneHas) {
  checks_.stepped(group({1, 1}), 5);
  checks_.stepped(group({1, 2}), 4);
  EXPECT_THAT(checks_.violations(), IsEmpty());
  checks_.stepped(group({1, 1}), 6);
  EXPECT_THAT(checks_.violations(), ElementsAre(HasSubstr("generation 1.1 did step 6 after 1.2")));
}

TEST_F(ChecksTest, AnOlderGenerationMayNotCommitAfterANewerOneWasLaunched) {
  ASSERT_TRUE(store_.publish({1, 2}));
  checks_.saved(group({1, 2}), "/s/1");
  EXPECT_THAT(checks_.violations(), IsEmpty());
  checks_.saved(group({1, 1}), "/s/2");
  EXPECT_THAT(checks_.violations(), ElementsAre(HasSubstr("/s/2 was committed though 1.2")));
}

TEST_F(ChecksTest, OnlyWhatIsTrustedIsRestoredAndNothingOnlyBeforeTheFirstSave) {
  checks_.restored(group({1, 1}), "");
  const std::string path = store_.commit({10, 0, "1.1"}, false).value();
  checks_.saved(group({1, 1}), path);
  checks_.restored(group({1, 2}), path);
  EXPECT_THAT(checks_.violations(), IsEmpty());
  checks_.restored(group({1, 3}), "");
  store_.distrust(path);
  checks_.restored(group({1, 4}), path);
  EXPECT_THAT(checks_.violations(),
              ElementsAre(HasSubstr("1.3 started from nothing"), HasSubstr("1.4 restored step-10-b0-g1.1")));
}

TEST_F(ChecksTest, SomethingToRestoreIsAlwaysLeft) {
  checks_.deleted({});
  EXPECT_THAT(checks_.violations(), IsEmpty());
  checks_.deleted({"/s/1"});
  EXPECT_THAT(checks_.violations(), ElementsAre(HasSubstr("the last one that could be restored")));
}

TEST_F(ChecksTest, TheAccountsAddUpAndCountersOnlyRise) {
  RunState before;
  before.lost_steps = 3;
  RunState after = before;
  after.accounted_ms = 10;
  after.time_use.rerun_ms = 4;
  after.time_use.paused_ms = 6;
  checks_.decided(before, after);
  EXPECT_THAT(checks_.violations(), IsEmpty());
  after.time_use.paused_ms = 7;
  checks_.decided(before, after);
  after.time_use.paused_ms = 6;
  after.lost_steps = 2;
  after.budget = -1;
  checks_.decided(before, after);
  EXPECT_THAT(checks_.violations(), ElementsAre(HasSubstr("add up to 11 ms of 10"), HasSubstr("budget"),
                                                HasSubstr("counter fell")));
}

}  // namespace
}  // namespace longhaul::daemon::sim
