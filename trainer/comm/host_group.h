// Collectives over sockets: the Communicator of a set of ranks in a HostMesh.
#pragma once

#include <functional>

#include "trainer/comm/communicator.h"
#include "trainer/comm/exchange.h"

namespace longhaul::trainer {

// Adds int64 words as they came over a wire; overflow wraps, as unsigned words do.
void add_words(std::span<int64_t> sum, std::span<const std::byte> bytes);

class HostGroup final : public Communicator {
 public:
  struct Member {
    int world_rank = 0;
    int fd = -1;  // its socket in the mesh; -1 for this rank
    bool same_machine = false;
  };
  // members: by rank in the group, the same list on every member. number: tells groups of one mesh apart
  // in message headers. Sockets belong to the mesh, which must outlive the group.
  HostGroup(std::vector<Member> members, int rank, uint32_t number, const Clock& clock, int64_t timeout_ms);

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(members_.size()); }
  void set_timeout_ms(int64_t timeout_ms) override { timeout_ms_ = timeout_ms; }
  Result<> share(const SharedArena& own) override;
  Result<> barrier() override;
  Result<> reduce_scatter_sum(std::span<int64_t> data, std::span<const int64_t> cuts) override;
  Result<> all_gather(std::span<std::byte> data, std::span<const int64_t> cuts) override;
  Result<> all_reduce_sum(std::span<double> values) override;
  Result<> all_reduce_max(std::span<double> values) override;
  Result<> all_reduce_min(std::span<int64_t> values) override;
  Result<> all_reduce_or(std::span<uint64_t> values) override;
  Result<> broadcast(std::span<std::byte> data, int root) override;
  Result<std::string> broadcast_text(std::string_view text, int root) override;
  Result<std::vector<std::string>> gather_text(std::string_view text, int root) override;

 private:
  // An arena of this rank and what the others shared in the same call, by rank (own: empty).
  struct Shared {
    std::span<std::byte> own;
    std::vector<SharedArena> peers;
  };
  // nullptr: not shared, or too small to be worth two barriers.
  const Shared* find_shared(std::span<const std::byte> data) const;
  Result<> reduce_in_shared_memory(const Shared& shared, std::span<int64_t> data,
                                   std::span<const int64_t> cuts);
  Result<> gather_in_shared_memory(const Shared& shared, std::span<std::byte> data,
                                   std::span<const int64_t> cuts);
  Outgoing to(int peer, std::span<const std::byte> bytes) const;
  Incoming from(int peer, std::span<std::byte> into) const;
  Result<> run(Operation operation, std::span<const Outgoing> outgoing, std::span<Incoming> incoming);
  template <class T, class Combine>
  Result<> all_reduce(std::span<T> values, Combine combine);

  std::vector<Member> members_;
  std::vector<Shared> shared_;
  int rank_;
  uint64_t sequence_;
  const Clock& clock_;
  int64_t timeout_ms_;
};

}  // namespace longhaul::trainer
