#include "trainer/comm/shared_arena.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/posix/system_clock.h"

namespace longhaul::trainer {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    left.reset(fds[0]);
    right.reset(fds[1]);
  }
  UniqueFd left, right;
  SystemClock clock;
  int64_t soon_ms() const { return clock.steady_ms() + 1'000; }
};

TEST(SharedArena, IsSeenByTheReceiverAlsoAfterTheOwnersEnd) {
  Pair pair;
  auto own = SharedArena::create(10'000);
  ASSERT_TRUE(own) << own.error().message;
  ASSERT_TRUE(own->send(pair.left.get(), pair.clock, pair.soon_ms()));
  auto theirs = SharedArena::receive(pair.right.get(), pair.clock, pair.soon_ms());
  ASSERT_TRUE(theirs) << theirs.error().message;
  ASSERT_EQ(theirs->bytes().size(), 10'000u);
  EXPECT_EQ(theirs->as<int64_t>()[1000], 0);
  own->as<int64_t>()[1000] = 77;
  EXPECT_EQ(theirs->as<int64_t>()[1000], 77);
  *own = SharedArena();
  EXPECT_EQ(theirs->as<int64_t>()[1000], 77);
}

TEST(SharedArena, RefusesAnythingElse) {
  Pair pair;
  ASSERT_EQ(16, ::send(pair.left.get(), "0123456789abcdef", 16, 0));
  EXPECT_EQ(SharedArena::receive(pair.right.get(), pair.clock, pair.soon_ms()).error().code,
            ErrorCode::kCorrupt);
  pair.left.reset();
  EXPECT_EQ(SharedArena::receive(pair.right.get(), pair.clock, pair.soon_ms()).error().code,
            ErrorCode::kClosed);
}

TEST(SharedArena, MayBeEmpty) {
  auto empty = SharedArena::create(0);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->bytes().empty());
}

}  // namespace
}  // namespace longhaul::trainer
