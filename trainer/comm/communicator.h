// Collective operations over an ordered group of ranks. All ranks of a group call the same operations in
// the same order with the same sizes; results are the same bits on every rank and do not depend on
// timing: integers are summed exactly, doubles in rank order.
//
// One interface for every transport (host sockets, shared memory, NCCL), so the training loop does not
// know what carries its bytes. An operation fails with kClosed (a peer is gone), kTimeout (a peer made no
// progress before the deadline) or kCorrupt (peers disagree about what is being done). After a failure
// the group is dead: drop it and meet again at the next generation.
// Thread-safety: one object, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "trainer/comm/shared_arena.h"

namespace longhaul::trainer {

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  // of this process in the group, 0 ≤ rank < size
  virtual int size() const = 0;

  // For the operations that follow: how long one may go without progress. Waiting for a peer that trains and
  // for one that writes to a slow disk are different things. The same on all ranks.
  virtual void set_timeout_ms(int64_t timeout_ms) = 0;

  // Collective. Afterwards operations on data inside `own` may take a faster way (peers on this machine read
  // it where it lies) to the same result. Every rank shares an arena of the same size, at the same place in
  // the sequence; data must then have the same offset in each. own must outlive the communicator.
  virtual Result<> share(const SharedArena& own) = 0;

  virtual Result<> barrier() = 0;

  // data: the same length on every rank. cuts: size()+1 ascending element indices, cuts[0] = 0, the last
  // one the length. Afterwards [cuts[rank], cuts[rank+1]) holds the sum over all ranks; the rest of data
  // is left as it was. Overflow wraps (the caller keeps head room).
  virtual Result<> reduce_scatter_sum(std::span<int64_t> data, std::span<const int64_t> cuts) = 0;

  // Rank r brings bytes [cuts[r], cuts[r+1]) of data; afterwards all ranks hold all of it.
  virtual Result<> all_gather(std::span<std::byte> data, std::span<const int64_t> cuts) = 0;

  // Small vectors: each rank sends its own to every other one.
  virtual Result<> all_reduce_sum(std::span<double> values) = 0;  // summed in rank order
  virtual Result<> all_reduce_max(std::span<double> values) = 0;  // NaN is never chosen over a number
  virtual Result<> all_reduce_min(std::span<int64_t> values) = 0;
  virtual Result<> all_reduce_or(std::span<uint64_t> values) = 0;

  virtual Result<> broadcast(std::span<std::byte> data, int root) = 0;
  // The root's text, of any length, on every rank.
  virtual Result<std::string> broadcast_text(std::string_view text, int root) = 0;
  // On the root: every rank's text, by rank. Elsewhere: empty.
  virtual Result<std::vector<std::string>> gather_text(std::string_view text, int root) = 0;
};

}  // namespace longhaul::trainer
