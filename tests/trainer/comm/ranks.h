// Runs a function in n forked processes that form one mesh, and collects their exit codes.
#pragma once

#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix/system_clock.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {

struct Ranks {
  std::vector<pid_t> pids;

  // Exit codes by rank; a signal shows as 128 + its number.
  std::vector<int> wait() {
    std::vector<int> codes;
    for (const pid_t pid : pids) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return codes;
  }
};

inline MeshOptions test_options(int rank, int world_size, uint16_t port) {
  MeshOptions options;
  options.run = "test";
  options.rank = rank;
  options.world_size = world_size;
  options.generation = "1.1";
  options.master_port = port;
  options.rendezvous_timeout_ms = 10'000;
  options.operation_timeout_ms = 10'000;
  return options;
}

// body's value is the rank's exit code. Exit code 99: the mesh did not come up.
inline Ranks start_ranks(int world_size, const std::function<int(HostMesh&)>& body,
                         int64_t timeout_ms = 10'000) {
  auto listener = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(listener->get());
  Ranks ranks;
  for (int rank = 0; rank < world_size; ++rank) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      SystemClock clock;
      MeshOptions options = test_options(rank, world_size, port);
      options.operation_timeout_ms = timeout_ms;
      if (rank == 0) {
        options.master_fd = listener->get();
      } else {
        listener->reset();
      }
      int code = 99;
      if (auto mesh = HostMesh::connect(options, clock)) code = body(*mesh);
      std::_Exit(code);
    }
    ranks.pids.push_back(pid);
  }
  return ranks;
}

inline std::vector<int> run_ranks(int world_size, const std::function<int(HostMesh&)>& body) {
  return start_ranks(world_size, body).wait();
}

}  // namespace longhaul::trainer
