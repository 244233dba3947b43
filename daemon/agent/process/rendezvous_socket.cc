#include "daemon/agent/process/rendezvous_socket.h"

#include <memory>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/posix/error.h"

namespace longhaul::daemon {
namespace {

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<AddressList> look_up(const std::string& host, const std::string& port, int socket_type) {
  addrinfo hints{};
  hints.ai_socktype = socket_type;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  if (status != 0)
    return Error{ErrorCode::kUnavailable, fmt::format("address {}: {}", host, ::gai_strerror(status))};
  return AddressList(list, &::freeaddrinfo);
}

Result<std::pair<std::string, int>> name_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return errno_error("getsockname");
  char host[NI_MAXHOST], port[NI_MAXSERV];
  const int status = ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, port,
                                   sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  if (status != 0) return Error{ErrorCode::kIo, fmt::format("getnameinfo: {}", ::gai_strerror(status))};
  return std::pair<std::string, int>(host, std::stoi(port));
}

}  // namespace

Result<RendezvousSocket> RendezvousSocket::open(const std::string& address, int port) {
  LH_ASSIGN(const AddressList list, look_up(address, std::to_string(port), SOCK_STREAM));
  RendezvousSocket socket;
  socket.fd_.reset(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.fd_) return errno_error("socket");
  const int on = 1;  // connections of an earlier rank 0 may linger in TIME_WAIT
  ::setsockopt(socket.fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const std::string name = fmt::format("{}:{}", address, port);
  if (::bind(socket.fd_.get(), list->ai_addr, list->ai_addrlen) != 0) return errno_error("bind " + name);
  if (::listen(socket.fd_.get(), SOMAXCONN) != 0) return errno_error("listen on " + name);
  LH_ASSIGN(const auto bound, name_of(socket.fd_.get()));
  socket.port_ = bound.second;
  return socket;
}

Result<std::string> local_address_towards(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  if (colon == std::string::npos) return invalid("address '" + peer + "' has no port");
  std::string host = peer.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  LH_ASSIGN(const AddressList list, look_up(host, peer.substr(colon + 1), SOCK_DGRAM));
  // Connecting a datagram socket sends nothing; it only makes the kernel choose a route.
  UniqueFd fd(::socket(list->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("socket");
  if (::connect(fd.get(), list->ai_addr, list->ai_addrlen) != 0) return errno_error("route to " + peer);
  LH_ASSIGN(const auto name, name_of(fd.get()));
  return name.first;
}

}  // namespace longhaul::daemon
