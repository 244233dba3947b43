// The fast way between ranks of one machine: peers' data is read where it lies. Two barriers over the
// sockets tell when it is complete and when it may change again; so a dead or stopped peer shows here as
// it does everywhere, by end of file or deadline.
#include <algorithm>
#include <cstring>

#include "base/core/check.h"
#include "trainer/comm/host_group.h"

namespace longhaul::trainer {
namespace {

// Below this two barriers cost more than they save.
constexpr size_t kWorthwhileBytes = 64 << 10;
// Own slice is walked in pieces that stay in the first-level cache while all peers are added to it.
constexpr size_t kPieceWords = 2048;

}  // namespace

Result<> HostGroup::share(const SharedArena& own) {
  const bool here =
      std::all_of(members_.begin(), members_.end(), [](const Member& m) { return m.same_machine; });
  if (size() == 1 || !here) return {};
  const int64_t deadline_ms = clock_.steady_ms() + timeout_ms_;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer != rank_) LH_TRY(own.send(members_[static_cast<size_t>(peer)].fd, clock_, deadline_ms));
  }
  Shared shared{own.bytes(), {}};
  for (int peer = 0; peer < size(); ++peer) {
    shared.peers.emplace_back();
    if (peer == rank_) continue;
    LH_ASSIGN(shared.peers.back(),
              SharedArena::receive(members_[static_cast<size_t>(peer)].fd, clock_, deadline_ms));
    if (shared.peers.back().bytes().size() != own.bytes().size())
      return corrupt("ranks share arenas of different sizes");
  }
  shared_.push_back(std::move(shared));
  return {};
}

const HostGroup::Shared* HostGroup::find_shared(std::span<const std::byte> data) const {
  if (data.size() < kWorthwhileBytes) return nullptr;
  for (const Shared& shared : shared_) {
    if (data.data() >= shared.own.data() &&
        data.data() + data.size() <= shared.own.data() + shared.own.size()) {
      return &shared;
    }
  }
  return nullptr;
}

Result<> HostGroup::reduce_in_shared_memory(const Shared& shared, std::span<int64_t> data,
                                            std::span<const int64_t> cuts) {
  const size_t offset_bytes =
      static_cast<size_t>(reinterpret_cast<std::byte*>(data.data()) - shared.own.data());
  const auto begin = static_cast<size_t>(cuts[static_cast<size_t>(rank_)]);
  const auto end = static_cast<size_t>(cuts[static_cast<size_t>(rank_) + 1]);
  LH_TRY(barrier());  // everyone's data is complete
  for (size_t at = begin; at < end; at += kPieceWords) {
    const size_t count = std::min(kPieceWords, end - at);
    const std::span<int64_t> sum = data.subspan(at, count);
    for (int peer = 0; peer < size(); ++peer) {
      if (peer == rank_) continue;
      const std::span<const std::byte> theirs = shared.peers[static_cast<size_t>(peer)].bytes();
      add_words(sum, theirs.subspan(offset_bytes + at * sizeof(int64_t), count * sizeof(int64_t)));
    }
  }
  return barrier();  // everyone has read: data may change again
}

Result<> HostGroup::gather_in_shared_memory(const Shared& shared, std::span<std::byte> data,
                                            std::span<const int64_t> cuts) {
  const auto offset_bytes = static_cast<size_t>(data.data() - shared.own.data());
  LH_TRY(barrier());
  for (int peer = 0; peer < size(); ++peer) {
    const auto r = static_cast<size_t>(peer);
    if (peer == rank_ || cuts[r] == cuts[r + 1]) continue;
    std::memcpy(data.data() + cuts[r], shared.peers[r].bytes().data() + offset_bytes + cuts[r],
                static_cast<size_t>(cuts[r + 1] - cuts[r]));
  }
  return barrier();
}

}  // namespace longhaul::trainer
