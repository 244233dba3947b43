// The fast way must give what the sockets give, byte for byte, and fail as they do.
#include <csignal>
#include <cstring>

#include <gmock/gmock.h>

#include "ranks.h"
#include "trainer/comm/host_group.h"

namespace longhaul::trainer {
namespace {

using ::testing::Each;

constexpr int64_t kWords = 100'003;
const std::vector<int64_t> kCuts{0, 40'000, 40'000, 100'003};

int64_t value_of(int rank, int round, size_t i) {
  return static_cast<int64_t>((i + 1) * 0x9e3779b97f4a7c15ull + static_cast<uint64_t>(rank * 7 + round));
}

TEST(HostGroupShared, SumsAndGathersAsTheSocketsDo) {
  const auto codes = run_ranks(3, [](HostMesh& mesh) {
    auto plain = mesh.world();
    auto fast = mesh.world();
    auto arena = SharedArena::create(kWords * 8 + 4096);
    if (!arena || !fast->share(*arena)) return 1;
    const std::span<int64_t> shared = arena->as<int64_t>().subspan(64, kWords);
    std::vector<int64_t> own(kWords);
    std::vector<int64_t> byte_cuts;
    for (const int64_t cut : kCuts) byte_cuts.push_back(cut * 8);
    for (int round = 0; round < 20; ++round) {
      for (size_t i = 0; i < own.size(); ++i) own[i] = shared[i] = value_of(mesh.rank(), round, i);
      if (!plain->reduce_scatter_sum(own, kCuts) || !fast->reduce_scatter_sum(shared, kCuts)) return 2;
      if (std::memcmp(own.data(), shared.data(), kWords * 8) != 0) return 3;
      if (!plain->all_gather(std::as_writable_bytes(std::span(own)), byte_cuts) ||
          !fast->all_gather(std::as_writable_bytes(shared), byte_cuts)) {
        return 4;
      }
      if (std::memcmp(own.data(), shared.data(), kWords * 8) != 0) return 5;
    }
    return 0;
  });
  EXPECT_THAT(codes, Each(0));
}

TEST(HostGroupShared, NoticesAKilledPeer) {
  const auto codes = run_ranks(3, [](HostMesh& mesh) {
    auto world = mesh.world();
    auto arena = SharedArena::create(kWords * 8);
    if (!arena || !world->share(*arena)) return 1;
    for (int round = 0;; ++round) {
      if (mesh.rank() == 1 && round == 5) ::kill(::getpid(), SIGKILL);
      auto done = world->reduce_scatter_sum(arena->as<int64_t>(), kCuts);
      if (!done) return static_cast<int>(done.error().code) + 10;
    }
  });
  const int closed = static_cast<int>(ErrorCode::kClosed) + 10;
  EXPECT_THAT(codes, ::testing::ElementsAre(closed, 128 + SIGKILL, closed));
}

TEST(HostGroupShared, RefusesArenasOfDifferentSizes) {
  const auto codes = run_ranks(2, [](HostMesh& mesh) {
    auto world = mesh.world();
    auto arena = SharedArena::create(4096 * (1 + mesh.rank()));
    auto shared = world->share(*arena);
    return shared ? 0 : static_cast<int>(shared.error().code);
  });
  EXPECT_THAT(codes, Each(static_cast<int>(ErrorCode::kCorrupt)));
}

}  // namespace
}  // namespace longhaul::trainer
