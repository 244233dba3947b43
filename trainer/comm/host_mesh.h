// One connected socket to every other rank of a generation: Unix sockets between ranks of one machine
// (a SIGKILLed peer shows as end of file within milliseconds), TCP otherwise. Groups for data, tensor
// and pipeline parallelism are views of the same sockets.
// Thread-safety: one object, one thread.
#pragma once

#include <memory>
#include <vector>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "base/posix/unique_fd.h"
#include "trainer/comm/communicator.h"
#include "trainer/comm/rendezvous.h"

namespace longhaul::trainer {

class HostMesh {
 public:
  // Rendezvous and connections; all of it within options.rendezvous_timeout_ms. kTimeout, kClosed,
  // kDenied (refused: another run, generation or world size), kInvalid (refused: another text). The clock
  // must outlive the mesh.
  static Result<HostMesh> connect(const MeshOptions& options, const Clock& clock);

  int rank() const { return rank_; }
  int world_size() const { return static_cast<int>(peers_.size()); }

  // A group of all ranks, or of some (ascending world ranks, this one among them).
  std::unique_ptr<Communicator> world();
  std::unique_ptr<Communicator> group(const std::vector<int>& world_ranks);

 private:
  HostMesh() = default;

  int rank_ = 0;
  std::vector<UniqueFd> peers_;     // by world rank; own: none
  std::vector<bool> same_machine_;  // by world rank
  const Clock* clock_ = nullptr;
  int64_t operation_timeout_ms_ = 0;
};

}  // namespace longhaul::trainer
