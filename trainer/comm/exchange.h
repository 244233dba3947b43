// The one primitive below all collectives: send messages to some peers and receive messages from others
// at the same time, on non-blocking stream sockets. Full duplex, so no order of large messages can
// deadlock; waits in poll(2), never spins (several ranks share a core in tests and in the demo).
//
// Each message is a 24-byte header (magic, operation, sequence, size) and its bytes. The receiver knows
// what must come; anything else means that the ranks run different code or lost count: kCorrupt.
// Thread-safety: the sockets belong to the caller's thread for the time of the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/core/clock.h"
#include "base/core/result.h"

namespace longhaul::trainer {

enum class Operation : uint32_t {
  kBarrier = 1,
  kReduceScatter,
  kAllGather,
  kAllReduce,
  kBroadcast,
  kGather,
};

struct Outgoing {
  int fd = -1;
  int peer = 0;  // its number in error messages
  std::span<const std::byte> bytes;
};

struct Incoming {
  int fd = -1;
  int peer = 0;
  std::span<std::byte> into;  // the whole message, unless consume is set
  // Set: the message is handed over in pieces of whole 8-byte words, in order, as they arrive. Saves a
  // buffer as large as the message, and the sum finds the bytes still in the cache.
  std::function<void(int64_t offset_bytes, std::span<const std::byte> piece)> consume;
  int64_t size_bytes = 0;  // used when consume is set
};

struct ExchangeTerms {
  Operation operation = Operation::kBarrier;
  uint64_t sequence = 0;  // equal on all ranks of the group, never reused
  const Clock* clock = nullptr;
  int64_t timeout_ms = 0;  // without a byte from or to any peer still awaited
};

// At most one Outgoing and one Incoming a socket.
Result<> exchange(const ExchangeTerms& terms, std::span<const Outgoing> outgoing,
                  std::span<Incoming> incoming);

}  // namespace longhaul::trainer
