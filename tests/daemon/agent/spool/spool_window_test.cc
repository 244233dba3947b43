#include "daemon/agent/spool/spool_window.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

TEST(SpoolWindowTest, SendsOnWithoutWaitingUntilTheWindowIsFull) {
  SpoolWindow window;
  window.welcome(10);
  EXPECT_EQ(window.next(11), std::nullopt);  // nothing new
  EXPECT_EQ(window.next(5000), 11);
  window.sent_up_to(266);
  EXPECT_EQ(window.next(5000), 267);
  window.sent_up_to(10 + SpoolWindow::kEntriesInFlight);
  EXPECT_EQ(window.next(5000), std::nullopt);
  window.acknowledge(266);
  EXPECT_EQ(window.next(5000), 11 + SpoolWindow::kEntriesInFlight);
}

TEST(SpoolWindowTest, StartsAgainBehindTheAcknowledgedAfterAWelcome) {
  SpoolWindow window;
  window.welcome(0);
  window.sent_up_to(100);
  window.acknowledge(40);
  window.welcome(40);
  EXPECT_EQ(window.next(101), 41);
}

TEST(SpoolWindowTest, DoesNotBelieveAnAcknowledgementOfWhatWasNotSent) {
  SpoolWindow window;
  window.welcome(0);
  window.sent_up_to(5);
  window.acknowledge(1000);
  EXPECT_EQ(window.acknowledged(), 5);
  EXPECT_FALSE(window.all_acknowledged(7));
  EXPECT_TRUE(window.all_acknowledged(6));
}

}  // namespace
}  // namespace longhaul::daemon
