// Forks `world` processes that form one mesh; what rank 0's body returns is the answer.
#pragma once

#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include "base/core/check.h"
#include "base/posix/system_clock.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {

inline double run_bench_ranks(int world, const std::function<double(HostMesh&)>& body) {
  auto listener = listen_at({"127.0.0.1", 0});
  CHECK(listener.has_value());
  int answer[2];
  CHECK(::pipe(answer) == 0);
  for (int rank = 0; rank < world; ++rank) {
    if (::fork() != 0) continue;
    const SystemClock clock;
    MeshOptions options;
    options.run = "bench";
    options.rank = rank;
    options.world_size = world;
    options.master_port = *port_of(listener->get());
    if (rank == 0) options.master_fd = listener->get();
    auto mesh = HostMesh::connect(options, clock);
    CHECK(mesh.has_value());
    const double value = body(*mesh);
    if (rank == 0) CHECK(::write(answer[1], &value, sizeof value) == sizeof value);
    std::_Exit(0);
  }
  double value = 0;
  CHECK(::close(answer[1]) == 0 && ::read(answer[0], &value, sizeof value) == sizeof value);
  CHECK(::close(answer[0]) == 0);
  while (::wait(nullptr) > 0) continue;
  return value;
}

}  // namespace longhaul::trainer
