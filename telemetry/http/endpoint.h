// Addresses as people write them, and plain sockets on them: "127.0.0.1:8080", "[::1]:0",
// "localhost:8080", "unix:/path". Thread-safe (no state).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/socket.h>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul::telemetry::http {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size_bytes = 0;
  std::string text;       // as written
  std::string unix_path;  // empty: TCP
};

Result<Endpoint> parse_endpoint(const std::string& text);

struct Listener {
  UniqueFd fd;  // non-blocking, close-on-exec
  uint16_t port = 0;
};
// kConflict: somebody listens there. A Unix socket file that nobody listens on is replaced; mode 0600.
Result<Listener> listen_on(const Endpoint& endpoint);

// Who connected.
struct Peer {
  std::string address;  // numeric, without port; empty on a Unix socket
  bool is_loopback = false;
  std::optional<uint32_t> uid;  // of a Unix socket
};
// What one customer of a network has: an IPv4 address, or the /64 of an IPv6 address. "2001:db8::/64".
std::string network_of(const std::string& address);
Peer peer_of(int fd, const sockaddr_storage& address);

}  // namespace longhaul::telemetry::http
