#include "trainer/comm/host_group.h"

#include <csignal>
#include <cstring>
#include <numeric>

#include <gmock/gmock.h>

#include "ranks.h"

namespace longhaul::trainer {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

int64_t value_of(int rank, int64_t i) {
  return (rank + 1) * 1'000'003 * (i + 1) - (int64_t{1} << 61) / (rank + 2);
}

TEST(HostGroup, SumsIntegersExactlyOverUnevenAndEmptySlices) {
  const auto codes = run_ranks(4, [](HostMesh& mesh) {
    auto world = mesh.world();
    const std::vector<int64_t> cuts{0, 100'000, 100'000, 100'007, 250'001};
    std::vector<int64_t> data(250'001);
    for (size_t i = 0; i < data.size(); ++i) data[i] = value_of(mesh.rank(), static_cast<int64_t>(i));
    if (!world->reduce_scatter_sum(data, cuts)) return 1;
    const auto me = static_cast<size_t>(mesh.rank());
    for (int64_t i = 0; i < 250'001; ++i) {
      const bool own = i >= cuts[me] && i < cuts[me + 1];
      uint64_t want = 0;
      for (int r = 0; r < 4; ++r) {
        if (own || r == mesh.rank()) want += static_cast<uint64_t>(value_of(r, i));
      }
      if (static_cast<uint64_t>(data[static_cast<size_t>(i)]) != want) return 2;
    }
    return 0;
  });
  EXPECT_THAT(codes, Each(0));
}

TEST(HostGroup, GathersLargeBuffersInBothDirectionsAtOnceWithoutDeadlock) {
  const auto codes = run_ranks(3, [](HostMesh& mesh) {
    auto world = mesh.world();
    constexpr int64_t kSlice = 12 << 20;  // far more than any socket buffer
    std::vector<uint8_t> data(3 * kSlice);
    std::memset(data.data() + mesh.rank() * kSlice, 7 + mesh.rank(), kSlice);
    const std::vector<int64_t> cuts{0, kSlice, 2 * kSlice, 3 * kSlice};
    if (!world->all_gather(std::as_writable_bytes(std::span(data)), cuts)) return 1;
    for (size_t i = 0; i < data.size(); ++i) {
      if (data[i] != 7 + i / kSlice) return 2;
    }
    return 0;
  });
  EXPECT_THAT(codes, Each(0));
}

TEST(HostGroup, ReducesSmallVectorsInRankOrderOnEveryRank) {
  const auto codes = run_ranks(4, [](HostMesh& mesh) {
    auto world = mesh.world();
    // Any other order gives other bits: ((1e16 + 1) + 1) - 1e16 loses both ones.
    const double terms[4] = {1e16, 1.0, 1.0, -1e16};
    double sum[2] = {terms[mesh.rank()], terms[3 - mesh.rank()]};
    if (!world->all_reduce_sum(sum) || sum[0] != 0.0 || sum[1] != 0.0) return 1;
    double most[2] = {static_cast<double>(mesh.rank()), mesh.rank() == 2 ? -1.0 : -5.0};
    if (!world->all_reduce_max(most) || most[0] != 3.0 || most[1] != -1.0) return 2;
    int64_t least[1] = {40 - mesh.rank()};
    if (!world->all_reduce_min(least) || least[0] != 37) return 3;
    uint64_t bits[1] = {uint64_t{1} << (mesh.rank() * 20)};
    if (!world->all_reduce_or(bits) || bits[0] != 0x1000010000100001) return 4;
    return 0;
  });
  EXPECT_THAT(codes, Each(0));
}

TEST(HostGroup, CarriesTextsOfAnyLength) {
  const auto codes = run_ranks(3, [](HostMesh& mesh) {
    auto world = mesh.world();
    const std::string own(static_cast<size_t>(mesh.rank()) * 300'000, static_cast<char>('a' + mesh.rank()));
    auto texts = world->gather_text(own, 0);
    if (!texts) return 1;
    if (mesh.rank() == 0) {
      if (texts->size() != 3 || !(*texts)[0].empty() || (*texts)[2] != std::string(600'000, 'c')) return 2;
    } else if (!texts->empty()) {
      return 3;
    }
    auto said = world->broadcast_text(mesh.rank() == 1 ? "step-20-b0-g1.1" : "ignored", 1);
    return said && *said == "step-20-b0-g1.1" ? 0 : 4;
  });
  EXPECT_THAT(codes, Each(0));
}

TEST(HostGroup, WorksInSubgroupsThatShareSockets) {
  const auto codes = run_ranks(4, [](HostMesh& mesh) {
    auto pair = mesh.group(mesh.rank() < 2 ? std::vector<int>{0, 1} : std::vector<int>{2, 3});
    auto stride = mesh.group(mesh.rank() % 2 == 0 ? std::vector<int>{0, 2} : std::vector<int>{1, 3});
    double sum[1] = {static_cast<double>(1 << mesh.rank())};
    if (!pair->all_reduce_sum(sum) || sum[0] != (mesh.rank() < 2 ? 3 : 12)) return 1;
    if (!stride->all_reduce_sum(sum) || sum[0] != 15) return 2;
    return stride->rank() == mesh.rank() / 2 && pair->barrier() && stride->barrier() ? 0 : 3;
  });
  EXPECT_THAT(codes, Each(0));
}

// Each survivor's exit code is the kind of its error; it must not hang.
int until_error(HostMesh& mesh, const std::function<void(int round)>& each_round) {
  auto world = mesh.world();
  std::vector<int64_t> data(1 << 20);
  const std::vector<int64_t> cuts{0, 1 << 18, 2 << 18, 3 << 18, 4 << 18};
  for (int round = 0;; ++round) {
    each_round(round);
    auto done = world->reduce_scatter_sum(data, cuts);
    if (!done) return static_cast<int>(done.error().code);
  }
}

TEST(HostGroup, ReportsAKilledPeerAsClosedToAllSurvivors) {
  const auto codes = run_ranks(4, [](HostMesh& mesh) {
    return until_error(mesh, [&](int round) {
      if (mesh.rank() == 2 && round == 3) ::kill(::getpid(), SIGKILL);
    });
  });
  const int closed = static_cast<int>(ErrorCode::kClosed);
  EXPECT_THAT(codes, ElementsAre(closed, closed, 128 + SIGKILL, closed));
}

TEST(HostGroup, ReportsAKilledPeerInTheMiddleOfACollective) {
  SystemClock clock;
  Ranks ranks = start_ranks(4, [](HostMesh& mesh) { return until_error(mesh, [](int) {}); });
  ::usleep(300'000);  // whatever they are doing then
  const int64_t killed_ms = clock.steady_ms();
  ::kill(ranks.pids[1], SIGKILL);
  const int closed = static_cast<int>(ErrorCode::kClosed);
  EXPECT_THAT(ranks.wait(), ElementsAre(closed, 128 + SIGKILL, closed, closed));
  EXPECT_LT(clock.steady_ms() - killed_ms, 2'000);
}

TEST(HostGroup, ReportsAStoppedPeerAsTimeoutWithinTheDeadline) {
  SystemClock clock;
  Ranks ranks = start_ranks(
      4, [](HostMesh& mesh) { return until_error(mesh, [](int) {}); }, 400);
  ::usleep(200'000);
  const int64_t stopped_ms = clock.steady_ms();
  ::kill(ranks.pids[3], SIGSTOP);
  std::vector<int> codes;
  for (int r = 0; r < 3; ++r) {
    int status = 0;
    ::waitpid(ranks.pids[static_cast<size_t>(r)], &status, 0);
    codes.push_back(WEXITSTATUS(status));
  }
  EXPECT_LT(clock.steady_ms() - stopped_ms, 3'000);
  ::kill(ranks.pids[3], SIGKILL);
  ::waitpid(ranks.pids[3], nullptr, 0);
  // Whoever gives up first closes its sockets, and the others may see that first.
  const int closed = static_cast<int>(ErrorCode::kClosed);
  const int timeout = static_cast<int>(ErrorCode::kTimeout);
  EXPECT_THAT(codes, Each(::testing::AnyOf(closed, timeout)));
  EXPECT_THAT(codes, ::testing::Contains(timeout));
}

TEST(HostGroup, NoticesRanksThatDoDifferentThings) {
  const auto codes = run_ranks(2, [](HostMesh& mesh) {
    auto world = mesh.world();
    double values[2] = {1, 2};
    auto done = mesh.rank() == 0 ? world->barrier() : world->all_reduce_sum(values);
    return done ? 0 : static_cast<int>(done.error().code);
  });
  const int corrupted = static_cast<int>(ErrorCode::kCorrupt);
  EXPECT_THAT(codes, ::testing::Contains(corrupted));
  EXPECT_THAT(codes, ::testing::Not(::testing::Contains(0)));
}

TEST(HostGroup, NeedsNoPeersInAWorldOfOne) {
  SystemClock clock;
  auto mesh = HostMesh::connect(test_options(0, 1, 0), clock);
  ASSERT_TRUE(mesh);
  auto world = mesh->world();
  std::vector<int64_t> data{1, 2, 3};
  EXPECT_TRUE(world->reduce_scatter_sum(data, std::vector<int64_t>{0, 3}));
  EXPECT_THAT(data, ElementsAre(1, 2, 3));
  EXPECT_EQ(*world->broadcast_text("x", 0), "x");
  EXPECT_THAT(*world->gather_text("y", 0), ElementsAre("y"));
}

}  // namespace
}  // namespace longhaul::trainer
