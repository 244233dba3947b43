#include "trainer/comm/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/posix/error.h"

namespace longhaul::trainer {
namespace {

constexpr int kBacklog = 1024;
constexpr size_t kLineLimitBytes = 1u << 20;

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size_bytes = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Endpoint> abstract_unix(const std::string& name) {
  Endpoint endpoint;
  auto* unix_address = reinterpret_cast<sockaddr_un*>(&endpoint.storage);
  unix_address->sun_family = AF_UNIX;
  const size_t length = name.size() - 1;  // the '@' stands for the leading zero byte
  if (length + 1 > sizeof unix_address->sun_path) return invalid("socket name too long: " + name);
  std::memcpy(unix_address->sun_path + 1, name.data() + 1, length);
  endpoint.size_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return endpoint;
}

Result<Endpoint> resolve(const Address& address) {
  if (!address.host.empty() && address.host[0] == '@') return abstract_unix(address.host);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("resolve {}: {}", address.host, ::gai_strerror(status))};
  }
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, found->ai_addr, found->ai_addrlen);
  endpoint.size_bytes = found->ai_addrlen;
  ::freeaddrinfo(found);
  return endpoint;
}

std::string to_text(const Address& a) {
  return a.host[0] == '@' ? a.host : fmt::format("{}:{}", a.host, a.port);
}

// Latency matters more than packets: a barrier is one small message a peer.
void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // not TCP: refused, and no matter
}

}  // namespace

Result<UniqueFd> listen_at(const Address& address) {
  LH_ASSIGN(const Endpoint endpoint, resolve(address));
  UniqueFd fd(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), endpoint.get(), endpoint.size_bytes) != 0)
    return errno_error("bind " + to_text(address));
  if (::listen(fd.get(), kBacklog) != 0) return errno_error("listen at " + to_text(address));
  return fd;
}

Result<uint16_t> port_of(int listener) {
  sockaddr_storage storage{};
  socklen_t size_bytes = sizeof storage;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size_bytes) != 0) {
    return errno_error("getsockname");
  }
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

Result<std::string> local_host_of(int connected) {
  sockaddr_storage storage{};
  socklen_t size_bytes = sizeof storage;
  if (::getsockname(connected, reinterpret_cast<sockaddr*>(&storage), &size_bytes) != 0) {
    return errno_error("getsockname");
  }
  char host[NI_MAXHOST];
  const int status = ::getnameinfo(reinterpret_cast<sockaddr*>(&storage), size_bytes, host, sizeof host,
                                   nullptr, 0, NI_NUMERICHOST);
  if (status != 0) return Error{ErrorCode::kIo, std::string("getnameinfo: ") + ::gai_strerror(status)};
  return std::string(host);
}

Error given_up() { return {ErrorCode::kUnavailable, "asked to stop before all ranks had come"}; }

Result<> wait_ready(int fd, short events, const Clock& clock, int64_t deadline_ms, const GiveUp& give_up) {
  const int64_t longest_ms = give_up ? kAskEveryMs : 60'000;
  for (;;) {
    if (give_up && give_up()) return given_up();
    const int64_t left_ms = deadline_ms - clock.steady_ms();
    if (left_ms <= 0) return Error{ErrorCode::kTimeout, "deadline passed"};
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min(left_ms, longest_ms)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_error("poll");
  }
}

Result<UniqueFd> connect_to(const Address& address, const Clock& clock, int64_t deadline_ms,
                            const GiveUp& give_up) {
  LH_ASSIGN(const Endpoint endpoint, resolve(address));
  UniqueFd fd(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket");
  int failure = ::connect(fd.get(), endpoint.get(), endpoint.size_bytes) == 0 ? 0 : errno;
  if (failure == EINPROGRESS) {
    LH_TRY(wait_ready(fd.get(), POLLOUT, clock, deadline_ms, give_up));
    socklen_t size_bytes = sizeof failure;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size_bytes);
  }
  if (failure != 0) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("connect to {}: {}", to_text(address), std::strerror(failure))};
  }
  set_no_delay(fd.get());
  return fd;
}

Result<UniqueFd> connect_patiently(const Address& address, const Clock& clock, int64_t deadline_ms,
                                   const GiveUp& give_up) {
  for (;;) {
    if (give_up && give_up()) return given_up();
    auto fd = connect_to(address, clock, deadline_ms, give_up);
    if (fd || fd.error().code != ErrorCode::kUnavailable) return fd;
    if (clock.steady_ms() + 20 >= deadline_ms) {
      return Error{ErrorCode::kTimeout, "no answer in time: " + fd.error().message};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<UniqueFd> accept_from(int listener, const Clock& clock, int64_t deadline_ms) {
  for (;;) {
    LH_TRY(wait_ready(listener, POLLIN, clock, deadline_ms));
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      set_no_delay(fd.get());
      return fd;
    }
    // The peer may be gone again, or another process took it: wait for the next one.
    if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) return errno_error("accept");
  }
}

Result<> send_line(int fd, std::string_view line, const Clock& clock, int64_t deadline_ms) {
  std::string bytes(line);
  bytes += '\n';
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      sent += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      LH_TRY(wait_ready(fd, POLLOUT, clock, deadline_ms));
    } else if (errno != EINTR) {
      return Error{ErrorCode::kClosed, std::string("send: ") + std::strerror(errno)};
    }
  }
  return {};
}

Result<std::string> receive_line(int fd, const Clock& clock, int64_t deadline_ms) {
  std::string line;
  char buffer[4096];
  while (line.size() < kLineLimitBytes) {
    // Peek first: what follows the newline belongs to the next reader.
    const ssize_t seen = ::recv(fd, buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && errno == EINTR) continue;
    if (seen < 0 && errno == EAGAIN) {
      LH_TRY(wait_ready(fd, POLLIN, clock, deadline_ms));
      continue;
    }
    if (seen < 0) return Error{ErrorCode::kClosed, std::string("receive: ") + std::strerror(errno)};
    if (seen == 0) return Error{ErrorCode::kClosed, "the peer closed the connection"};
    const auto* newline = static_cast<const char*>(std::memchr(buffer, '\n', static_cast<size_t>(seen)));
    const size_t take =
        newline != nullptr ? static_cast<size_t>(newline - buffer) + 1 : static_cast<size_t>(seen);
    const ssize_t taken = ::recv(fd, buffer, take, MSG_DONTWAIT);
    if (taken <= 0) continue;
    line.append(buffer, static_cast<size_t>(taken));
    if (line.back() == '\n') {
      line.pop_back();
      return line;
    }
  }
  return corrupt("a line of more than 1 MiB");
}

}  // namespace longhaul::trainer
