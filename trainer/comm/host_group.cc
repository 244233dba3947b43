#include "trainer/comm/host_group.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/core/check.h"

namespace longhaul::trainer {
namespace {

// A manifest of tens of thousands of tensors is some MB; more is a broken peer.
constexpr uint64_t kTextLimitBytes = 256u << 20;

void check_cuts(std::span<const int64_t> cuts, int size, size_t length) {
  CHECK(cuts.size() == static_cast<size_t>(size) + 1);
  CHECK(cuts.front() == 0 && cuts.back() == static_cast<int64_t>(length));
  CHECK(std::is_sorted(cuts.begin(), cuts.end()));
}

template <class T>
std::span<T> slice(std::span<T> data, std::span<const int64_t> cuts, int r) {
  const auto i = static_cast<size_t>(r);
  return data.subspan(static_cast<size_t>(cuts[i]), static_cast<size_t>(cuts[i + 1] - cuts[i]));
}

}  // namespace

void add_words(std::span<int64_t> sum, std::span<const std::byte> bytes) {
  auto* to = reinterpret_cast<uint64_t*>(sum.data());
  const auto* from = reinterpret_cast<const uint64_t*>(bytes.data());
  const size_t count = bytes.size() / sizeof(uint64_t);
  for (size_t i = 0; i < count; ++i) to[i] += from[i];
}

HostGroup::HostGroup(std::vector<Member> members, int rank, uint32_t number, const Clock& clock,
                     int64_t timeout_ms)
    : members_(std::move(members)),
      rank_(rank),
      sequence_(static_cast<uint64_t>(number) << 32),
      clock_(clock),
      timeout_ms_(timeout_ms) {}

Outgoing HostGroup::to(int peer, std::span<const std::byte> bytes) const {
  const Member& member = members_[static_cast<size_t>(peer)];
  return {member.fd, member.world_rank, bytes};
}

Incoming HostGroup::from(int peer, std::span<std::byte> into) const {
  const Member& member = members_[static_cast<size_t>(peer)];
  return {member.fd, member.world_rank, into, nullptr, 0};
}

Result<> HostGroup::run(Operation operation, std::span<const Outgoing> outgoing,
                        std::span<Incoming> incoming) {
  return exchange({operation, sequence_++, &clock_, timeout_ms_}, outgoing, incoming);
}

Result<> HostGroup::barrier() {
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank_) continue;
    outgoing.push_back(to(peer, {}));
    incoming.push_back(from(peer, {}));
  }
  return run(Operation::kBarrier, outgoing, incoming);
}

Result<> HostGroup::reduce_scatter_sum(std::span<int64_t> data, std::span<const int64_t> cuts) {
  check_cuts(cuts, size(), data.size());
  if (const Shared* shared = find_shared(std::as_bytes(data)))
    return reduce_in_shared_memory(*shared, data, cuts);
  const std::span<int64_t> own = slice(data, cuts, rank_);
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank_) continue;
    outgoing.push_back(to(peer, std::as_bytes(slice(data, cuts, peer))));
    Incoming in = from(peer, {});
    in.size_bytes = static_cast<int64_t>(own.size_bytes());
    in.consume = [own](int64_t offset_bytes, std::span<const std::byte> piece) {
      add_words(own.subspan(static_cast<size_t>(offset_bytes) / sizeof(int64_t)), piece);
    };
    incoming.push_back(std::move(in));
  }
  return run(Operation::kReduceScatter, outgoing, incoming);
}

Result<> HostGroup::all_gather(std::span<std::byte> data, std::span<const int64_t> cuts) {
  check_cuts(cuts, size(), data.size());
  if (const Shared* shared = find_shared(data)) return gather_in_shared_memory(*shared, data, cuts);
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank_) continue;
    outgoing.push_back(to(peer, slice(data, cuts, rank_)));
    incoming.push_back(from(peer, slice(data, cuts, peer)));
  }
  return run(Operation::kAllGather, outgoing, incoming);
}

template <class T, class Combine>
Result<> HostGroup::all_reduce(std::span<T> values, Combine combine) {
  const size_t count = values.size();
  std::vector<T> gathered(count * static_cast<size_t>(size()));
  auto part = [&](int r) { return std::span(gathered).subspan(static_cast<size_t>(r) * count, count); };
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank_) {
      std::copy(values.begin(), values.end(), part(peer).begin());
      continue;
    }
    outgoing.push_back(to(peer, std::as_bytes(values)));
    incoming.push_back(from(peer, std::as_writable_bytes(part(peer))));
  }
  LH_TRY(run(Operation::kAllReduce, outgoing, incoming));
  std::copy(gathered.begin(), gathered.begin() + static_cast<std::ptrdiff_t>(count), values.begin());
  for (int peer = 1; peer < size(); ++peer) {
    const std::span<const T> theirs = part(peer);
    for (size_t i = 0; i < count; ++i) values[i] = combine(values[i], theirs[i]);
  }
  return {};
}

Result<> HostGroup::all_reduce_sum(std::span<double> values) {
  return all_reduce(values, [](double a, double b) { return a + b; });
}
Result<> HostGroup::all_reduce_max(std::span<double> values) {
  return all_reduce(values, [](double a, double b) { return std::fmax(a, b); });
}
Result<> HostGroup::all_reduce_min(std::span<int64_t> values) {
  return all_reduce(values, [](int64_t a, int64_t b) { return std::min(a, b); });
}
Result<> HostGroup::all_reduce_or(std::span<uint64_t> values) {
  return all_reduce(values, [](uint64_t a, uint64_t b) { return a | b; });
}

Result<> HostGroup::broadcast(std::span<std::byte> data, int root) {
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  if (rank_ == root) {
    for (int peer = 0; peer < size(); ++peer) {
      if (peer != rank_) outgoing.push_back(to(peer, data));
    }
  } else {
    incoming.push_back(from(root, data));
  }
  return run(Operation::kBroadcast, outgoing, incoming);
}

Result<std::string> HostGroup::broadcast_text(std::string_view text, int root) {
  std::string copy(text);
  uint64_t length = copy.size();
  LH_TRY(broadcast(std::as_writable_bytes(std::span(&length, 1)), root));
  if (length > kTextLimitBytes) return corrupt(fmt::format("rank {} sends {} bytes of text", root, length));
  copy.resize(length);
  LH_TRY(broadcast(std::as_writable_bytes(std::span(copy)), root));
  return copy;
}

Result<std::vector<std::string>> HostGroup::gather_text(std::string_view text, int root) {
  const auto n = static_cast<size_t>(size());
  const uint64_t length = text.size();
  if (rank_ != root) {
    const Outgoing lengths = to(root, std::as_bytes(std::span(&length, 1)));
    LH_TRY(run(Operation::kGather, std::span(&lengths, 1), {}));
    const Outgoing bytes = to(root, std::as_bytes(std::span(text)));
    LH_TRY(run(Operation::kGather, std::span(&bytes, 1), {}));
    return std::vector<std::string>{};
  }
  std::vector<uint64_t> lengths(n);
  std::vector<std::string> texts(n);
  std::vector<Incoming> incoming;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer != root) {
      incoming.push_back(
          from(peer, std::as_writable_bytes(std::span(&lengths[static_cast<size_t>(peer)], 1))));
    }
  }
  LH_TRY(run(Operation::kGather, {}, incoming));
  incoming.clear();
  for (int peer = 0; peer < size(); ++peer) {
    auto& theirs = texts[static_cast<size_t>(peer)];
    if (peer == root) {
      theirs = text;
      continue;
    }
    const uint64_t theirs_bytes = lengths[static_cast<size_t>(peer)];
    if (theirs_bytes > kTextLimitBytes)
      return corrupt(fmt::format("rank {} sends {} bytes of text", peer, theirs_bytes));
    theirs.resize(theirs_bytes);
    incoming.push_back(from(peer, std::as_writable_bytes(std::span(theirs))));
  }
  LH_TRY(run(Operation::kGather, {}, incoming));
  return texts;
}

}  // namespace longhaul::trainer
