#include "trainer/comm/socket.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/posix/system_clock.h"

namespace longhaul::trainer {
namespace {

TEST(Socket, CarriesLinesAndLeavesWhatFollowsThem) {
  SystemClock clock;
  const int64_t deadline_ms = clock.steady_ms() + 5'000;
  for (const Address& at : {Address{"127.0.0.1", 0}, Address{"@longhaul-socket-test", 0}}) {
    auto listener = listen_at(at);
    ASSERT_TRUE(listener) << listener.error().message;
    Address to = at;
    if (at.host[0] != '@') to.port = *port_of(listener->get());
    auto client = connect_to(to, clock, deadline_ms);
    ASSERT_TRUE(client) << client.error().message;
    auto server = accept_from(listener->get(), clock, deadline_ms);
    ASSERT_TRUE(server);
    ASSERT_TRUE(send_line(client->get(), "first", clock, deadline_ms));
    ASSERT_TRUE(send_line(client->get(), "second", clock, deadline_ms));
    EXPECT_EQ(*receive_line(server->get(), clock, deadline_ms), "first");
    EXPECT_EQ(*receive_line(server->get(), clock, deadline_ms), "second");
    client->reset();
    EXPECT_EQ(receive_line(server->get(), clock, deadline_ms).error().code, ErrorCode::kClosed);
  }
}

TEST(Socket, KeepsItsDeadlines) {
  SystemClock clock;
  auto listener = listen_at({"127.0.0.1", 0});
  const int64_t start_ms = clock.steady_ms();
  EXPECT_EQ(accept_from(listener->get(), clock, start_ms + 50).error().code, ErrorCode::kTimeout);
  auto client = connect_to({"127.0.0.1", *port_of(listener->get())}, clock, start_ms + 5'000);
  EXPECT_EQ(receive_line(client->get(), clock, clock.steady_ms() + 50).error().code, ErrorCode::kTimeout);
  EXPECT_LT(clock.steady_ms() - start_ms, 2'000);
}

TEST(Socket, NamesTheAddressThatCannotBeBound) {
  auto taken = listen_at({"127.0.0.1", 0});
  auto again = listen_at({"127.0.0.1", *port_of(taken->get())});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("127.0.0.1:"), std::string::npos) << again.error().message;
}

}  // namespace
}  // namespace longhaul::trainer
