#include "trainer/comm/exchange.h"

#include <ctime>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/posix/system_clock.h"
#include "base/posix/unique_fd.h"

namespace longhaul::trainer {
namespace {

TEST(Exchange, HandsOverAStreamedMessageOnceInOrderAndInWholeWords) {
  SystemClock clock;
  int pair[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
  UniqueFd left(pair[0]), right(pair[1]);
  std::vector<uint64_t> sent(300'001);
  std::iota(sent.begin(), sent.end(), 5);
  const ExchangeTerms terms{Operation::kAllGather, 9, &clock, 5'000};

  std::thread sender([&] {
    const Outgoing out{left.get(), 1, std::as_bytes(std::span(sent))};
    EXPECT_TRUE(exchange(terms, std::span(&out, 1), {}));
  });
  std::vector<uint64_t> received;
  Incoming in{right.get(), 0, {}, nullptr, static_cast<int64_t>(sent.size() * 8)};
  in.consume = [&](int64_t offset_bytes, std::span<const std::byte> piece) {
    EXPECT_EQ(offset_bytes, static_cast<int64_t>(received.size() * 8));
    EXPECT_EQ(piece.size() % 8, 0u);
    const auto* words = reinterpret_cast<const uint64_t*>(piece.data());
    received.insert(received.end(), words, words + piece.size() / 8);
  };
  EXPECT_TRUE(exchange(terms, {}, std::span(&in, 1)));
  sender.join();
  EXPECT_EQ(received, sent);
}

TEST(Exchange, SleepsWhileItWaits) {
  SystemClock clock;
  int pair[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
  UniqueFd left(pair[0]), right(pair[1]);
  Incoming in{right.get(), 7, {}, nullptr, 0};
  const std::clock_t cpu_before = std::clock();
  auto waited = exchange({Operation::kBarrier, 0, &clock, 200}, {}, std::span(&in, 1));
  EXPECT_LT(std::clock() - cpu_before, CLOCKS_PER_SEC / 20);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kTimeout);
  EXPECT_NE(waited.error().message.find("rank 7"), std::string::npos) << waited.error().message;
}

}  // namespace
}  // namespace longhaul::trainer
