#include "daemon/sim/network.h"

#include <utility>

#include <gtest/gtest.h>

namespace longhaul::daemon::sim {
namespace {

class NetworkTest : public testing::Test {
 protected:
  void send(char word, Network::Way way = Network::Way::kToAgent) {
    network_.send("node-0", way, [this, word] { heard_ += word; });
  }
  std::string heard_after(int64_t ms) {
    const int64_t end_ms = events_.now_ms() + ms;
    while (events_.step(end_ms)) {
    }
    return std::exchange(heard_, "");
  }
  Events events_{1};
  Network network_{events_};
  std::string heard_;
};

TEST_F(NetworkTest, WhatIsSentArrivesInOrder) {
  network_.open("node-0");
  for (char word = 'a'; word <= 'z'; ++word) send(word);
  EXPECT_EQ(heard_after(1000), "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(NetworkTest, AClosedConnectionDropsWhatWasUnderWayAlsoWhenThereIsANewOne) {
  send('a');
  network_.open("node-0");
  send('b');
  network_.close("node-0");
  EXPECT_FALSE(network_.is_open("node-0"));
  network_.open("node-0");
  send('c');
  EXPECT_EQ(heard_after(1000), "c");
}

TEST_F(NetworkTest, WhileANodeIsCutOffWordsWaitAndThenComeInOrder) {
  network_.open("node-0");
  network_.set_cut_off("node-0", true);
  send('a');
  send('b');
  EXPECT_EQ(heard_after(5000), "");
  network_.set_cut_off("node-0", false);
  send('c');
  EXPECT_EQ(heard_after(1000), "abc");
}

}  // namespace
}  // namespace longhaul::daemon::sim
