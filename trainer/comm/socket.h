// Sockets with a deadline on every wait, for the rendezvous and the mesh. All sockets are non-blocking
// and close on exec. Deadlines are on Clock::steady_ms. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul::trainer {

// "1.2.3.4", a host name, or "@name" for the abstract Unix namespace (port unused).
struct Address {
  std::string host;
  uint16_t port = 0;
};

// port 0: any free one. Backlog is for a full mesh arriving at once.
Result<UniqueFd> listen_at(const Address& address);
Result<uint16_t> port_of(int listener);
// The local address that a connected TCP socket uses, without port.
Result<std::string> local_host_of(int connected);

// Asked a few times a second by those who wait long; true ends the wait with kUnavailable.
using GiveUp = std::function<bool()>;
inline constexpr int64_t kAskEveryMs = 100;
Error given_up();

// Fails at once when refused. TCP_NODELAY is set.
Result<UniqueFd> connect_to(const Address& address, const Clock& clock, int64_t deadline_ms,
                            const GiveUp& give_up = nullptr);
// The same, again and again until the deadline while nobody listens yet.
Result<UniqueFd> connect_patiently(const Address& address, const Clock& clock, int64_t deadline_ms,
                                   const GiveUp& give_up = nullptr);
Result<UniqueFd> accept_from(int listener, const Clock& clock, int64_t deadline_ms);

// events: POLLIN or POLLOUT. kTimeout after the deadline.
Result<> wait_ready(int fd, short events, const Clock& clock, int64_t deadline_ms,
                    const GiveUp& give_up = nullptr);

// One line (without the newline in it), at most 1 MiB. Reads not a byte beyond it.
Result<> send_line(int fd, std::string_view line, const Clock& clock, int64_t deadline_ms);
Result<std::string> receive_line(int fd, const Clock& clock, int64_t deadline_ms);

}  // namespace longhaul::trainer
