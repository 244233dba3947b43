#include "trainer/comm/host_mesh.h"

#include <gmock/gmock.h>

#include "ranks.h"

namespace longhaul::trainer {
namespace {

TEST(HostMesh, ConnectsEveryPairOfRanksWhicheverComesFirst) {
  const auto codes = run_ranks(6, [](HostMesh& mesh) {
    if (mesh.world_size() != 6) return 1;
    for (int a = 0; a < 6; ++a) {
      for (int b = a + 1; b < 6; ++b) {
        if (mesh.rank() != a && mesh.rank() != b) continue;
        double sum[1] = {static_cast<double>(mesh.rank())};
        if (!mesh.group({a, b})->all_reduce_sum(sum) || sum[0] != a + b) return 2;
      }
    }
    return 0;
  });
  EXPECT_THAT(codes, ::testing::Each(0));
}

TEST(HostMesh, BindsTheMasterPortItselfWithoutAnAgent) {
  auto probe = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(probe->get());
  probe->reset();
  Ranks ranks;
  for (int rank = 2; rank >= 0; --rank) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      SystemClock clock;
      auto mesh = HostMesh::connect(test_options(rank, 3, port), clock);
      std::_Exit(mesh && mesh->world()->barrier() ? 0 : 1);
    }
    ranks.pids.push_back(pid);
  }
  EXPECT_THAT(ranks.wait(), ::testing::Each(0));
}

}  // namespace
}  // namespace longhaul::trainer
