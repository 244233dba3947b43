#include "telemetry/http/server_state.h"

#include <gtest/gtest.h>

namespace longhaul::telemetry::http {
namespace {

std::shared_ptr<ServerState> state_with(ServerOptions options) {
  return std::make_shared<ServerState>(std::move(options), nullptr, nullptr, nullptr);
}

TEST(ServerState, ASlotCountsItsAddressWhileItLives) {
  auto state = state_with({.connections = 3, .connections_per_address = 1});
  const Peer a{.address = "10.0.0.1"};
  const Peer b{.address = "10.0.0.2"};
  const Peer proxy{.address = "127.0.0.1", .is_loopback = true};
  auto of_a = std::make_unique<Slot>(state, a);
  EXPECT_STREQ(state->over_limit(a), "address");
  EXPECT_EQ(state->over_limit(b), nullptr);
  const Slot first(state, proxy);
  EXPECT_EQ(state->over_limit(proxy), nullptr);  // loopback has no limit of its own
  {
    const Slot second(state, proxy);
    EXPECT_STREQ(state->over_limit(b), "connections");
  }
  of_a.reset();
  EXPECT_EQ(state->over_limit(a), nullptr);
  EXPECT_TRUE(state->per_address.empty());
}

TEST(ServerState, TheAddressesOfOneIpv6NetworkCountTogether) {
  auto state = state_with({.connections_per_address = 1});
  auto slot = std::make_unique<Slot>(state, Peer{.address = "2001:db8:0:1::1"});
  EXPECT_STREQ(state->over_limit(Peer{.address = "2001:db8:0:1:ffff::2"}), "address");
  EXPECT_EQ(state->over_limit(Peer{.address = "2001:db8:0:2::1"}), nullptr);
  slot.reset();
  EXPECT_TRUE(state->per_address.empty());
  EXPECT_EQ(network_of("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(network_of("::ffff:10.0.0.1"), "::ffff:10.0.0.1");
}

class Recorded final : public LiveConnection {
 public:
  Recorded(ServerState& state, bool stuck) : state_(state), stuck_(stuck) {
    state.connections.insert(this);
    state.live_connections.insert(this);
  }
  void abort() override {  // as a real one may: gone at once
    aborted = true;
    state_.connections.erase(this);
    state_.live_connections.erase(this);
  }
  void wake() override { ++wakes; }
  bool is_stuck(SteadyClock::time_point) override { return stuck_; }
  bool aborted = false;
  int wakes = 0;

 private:
  ServerState& state_;
  bool stuck_;
};

TEST(ServerState, EverySecondTheStuckOnesGoAndTheOthersAreAsked) {
  auto state = state_with({});
  Recorded stuck(*state, true);
  Recorded well(*state, false);
  state->on_second(SteadyClock::now());
  EXPECT_TRUE(stuck.aborted);
  EXPECT_EQ(well.wakes, 1);
  state->close();
  EXPECT_TRUE(well.aborted);
  EXPECT_TRUE(state->connections.empty());
}

}  // namespace
}  // namespace longhaul::telemetry::http
