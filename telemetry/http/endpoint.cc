#include "telemetry/http/endpoint.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/posix/error.h"

namespace longhaul::telemetry::http {
namespace {

constexpr int kBacklog = 1024;
constexpr const char* kForms = "'127.0.0.1:8080', '[::1]:8080', 'localhost:8080' or 'unix:/path'";

Result<Endpoint> parse_unix(const std::string& text) {
  Endpoint e{.text = text, .unix_path = text.substr(5)};
  auto* address = reinterpret_cast<sockaddr_un*>(&e.address);
  if (e.unix_path.empty() || e.unix_path.size() >= sizeof address->sun_path) {
    return invalid(fmt::format("the socket path '{}' has {} bytes; it must have 1 to {}", e.unix_path,
                               e.unix_path.size(), sizeof address->sun_path - 1));
  }
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, e.unix_path.c_str(), e.unix_path.size() + 1);
  e.size_bytes = sizeof(sockaddr_un);
  return e;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_socket(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

bool somebody_listens(const Endpoint& e) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int rc = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&e.address), e.size_bytes);
  return rc == 0 || errno == EAGAIN;  // EAGAIN: its backlog is full
}

Result<> bind_error(const Endpoint& e) {
  if (errno == EADDRINUSE)
    return Error{ErrorCode::kConflict, fmt::format("the address {} is in use", e.text)};
  if (errno == EACCES) return Error{ErrorCode::kDenied, fmt::format("not allowed to listen on {}", e.text)};
  return errno_error("listen on " + e.text);
}

Result<> bind_unix(int fd, const Endpoint& e) {
  const auto* address = reinterpret_cast<const sockaddr*>(&e.address);
  if (::bind(fd, address, e.size_bytes) != 0) {
    if (errno != EADDRINUSE) return bind_error(e);
    if (!is_socket(e.unix_path)) {
      return Error{ErrorCode::kConflict, fmt::format("{} exists and is no socket", e.unix_path)};
    }
    if (somebody_listens(e))
      return Error{ErrorCode::kConflict, fmt::format("the address {} is in use", e.text)};
    ::unlink(e.unix_path.c_str());
    if (::bind(fd, address, e.size_bytes) != 0) return bind_error(e);
  }
  // Nobody can connect before listen(), so this is not too late.
  if (::chmod(e.unix_path.c_str(), 0600) != 0) return errno_error("chmod " + e.unix_path);
  return {};
}

uint16_t bound_port(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  if (bound.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  if (bound.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);
  return 0;
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text) {
  if (text.starts_with("unix:")) return parse_unix(text);
  const Error wrong = invalid(fmt::format("'{}' is no address; it must be like {}", text, kForms));
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong;
  const auto port = parse_port(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(0, colon);
  if (!port || host.empty()) return wrong;
  Endpoint e{.text = text};
  if (host.front() == '[' && host.back() == ']') {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&e.address);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(*port);
    e.size_bytes = sizeof(sockaddr_in6);
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6->sin6_addr) != 1) return wrong;
    return e;
  }
  if (host == "localhost") host = "127.0.0.1";
  auto* v4 = reinterpret_cast<sockaddr_in*>(&e.address);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(*port);
  e.size_bytes = sizeof(sockaddr_in);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return wrong;
  return e;
}

Result<Listener> listen_on(const Endpoint& endpoint) {
  Listener listener;
  listener.fd = UniqueFd(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.fd) return errno_error("socket for " + endpoint.text);
  const int fd = listener.fd.get();
  if (!endpoint.unix_path.empty()) {
    LH_TRY(bind_unix(fd, endpoint));
  } else {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size_bytes) != 0) {
      LH_TRY(bind_error(endpoint));
    }
  }
  if (::listen(fd, kBacklog) != 0) LH_TRY(bind_error(endpoint));
  listener.port = bound_port(fd);
  return listener;
}

std::string network_of(const std::string& address) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6)) return address;
  std::memset(&v6.s6_addr[8], 0, 8);
  char text[INET6_ADDRSTRLEN] = "";
  return std::string(::inet_ntop(AF_INET6, &v6, text, sizeof text)) + "/64";
}

Peer peer_of(int fd, const sockaddr_storage& address) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    peer.address = ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    peer.is_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  } else if (address.ss_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr;
    peer.address = ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    peer.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  } else {
    peer.is_loopback = true;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) peer.uid = credentials.uid;
  }
  return peer;
}

}  // namespace longhaul::telemetry::http
