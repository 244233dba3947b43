#include "daemon/agent/rank_server/rank_server.h"

#include <cerrno>
#include <cstring>
#include <list>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/error.h"
#include "base/posix/unique_fd.h"

namespace longhaul::daemon {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr size_t kMaxUnsentBytes = 256 * 1024;
constexpr size_t kMaxReadAtOnce = 256 * 1024;  // then other work has its turn

struct Peer {
  Peer(asio::io_context& io, int fd, RankId who, pid_t process) : descriptor(io, fd), id(who), pid(process) {}
  Descriptor descriptor;
  RankId id;
  pid_t pid;
  std::string received;  // no whole line yet
  std::string unsent;
  bool writing = false;
};

Result<UniqueFd> open_listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return invalid("socket path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket");
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("bind " + path);
  if (::listen(fd.get(), SOMAXCONN) != 0) return errno_error("listen on " + path);
  return fd;
}

}  // namespace

// Readiness comes from Asio, bytes are read here: so nothing sits in a completion that has not run yet when
// rank_gone collects a dead rank's last words.
struct RankServer::Impl : std::enable_shared_from_this<RankServer::Impl> {
  Impl(asio::io_context& context, int fd) : io(context), listener(context, fd) {}

  using PeerIterator = std::list<std::shared_ptr<Peer>>::iterator;

  asio::io_context& io;
  Descriptor listener;
  std::string path;
  Identify identify;
  OnReport on_report;
  std::list<std::shared_ptr<Peer>> peers;
  bool closed = false;

  void accept_later() {
    listener.async_wait(Descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error || self->closed) return;
                          self->accept_all();
                          self->accept_later();
                        });
  }

  void accept_all() {
    for (;;) {
      UniqueFd fd(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd) return;
      ucred credentials{};
      socklen_t size = sizeof credentials;
      if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) continue;
      const auto id = identify(credentials.pid);
      if (!id) {
        log_warning(
            fmt::format("process {} is no rank of this agent: its connection is dropped", credentials.pid));
        continue;
      }
      auto peer = std::make_shared<Peer>(io, fd.release(), *id, credentials.pid);
      peers.push_back(peer);
      read_later(peer);
    }
  }

  void read_later(const std::shared_ptr<Peer>& peer) {
    peer->descriptor.async_wait(Descriptor::wait_read,
                                [self = shared_from_this(), peer](const boost::system::error_code& error) {
                                  if (error || self->closed || !peer->descriptor.is_open()) return;
                                  if (self->read_some(*peer, kMaxReadAtOnce)) {
                                    self->read_later(peer);
                                  } else {
                                    self->drop(peer);
                                  }
                                });
  }

  // false: the peer has closed, or has to be dropped.
  bool read_some(Peer& peer, size_t limit) {
    char buffer[16384];
    for (size_t total = 0; total < limit;) {
      const ssize_t n = ::recv(peer.descriptor.native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (n == 0) return false;
      total += static_cast<size_t>(n);
      peer.received.append(buffer, static_cast<size_t>(n));
      if (!take_lines(peer)) return false;
    }
    return true;
  }

  bool take_lines(Peer& peer) {
    size_t begin = 0;
    for (size_t end; (end = peer.received.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (end - begin > kMaxRankLineBytes) return complain(peer, "a line is too long");
      if (end == begin) continue;
      auto report = json::parse_object(std::string_view(peer.received).substr(begin, end - begin));
      if (!report) return complain(peer, report.error().message);
      on_report(peer.id, std::move(*report));
    }
    peer.received.erase(0, begin);
    if (peer.received.size() > kMaxRankLineBytes) return complain(peer, "a line is too long");
    return true;
  }

  bool complain(const Peer& peer, std::string what) {
    // It quotes what was sent: nothing of that may steer a terminal.
    for (char& c : what)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
    log_warning(
        fmt::format("rank {} of {} (process {}) sent what is no report, its connection is dropped: {}",
                    peer.id.rank, peer.id.generation.text(), peer.pid, what));
    return false;
  }

  void drop(const std::shared_ptr<Peer>& peer) {
    boost::system::error_code ignored;
    peer->descriptor.close(ignored);
    peers.remove(peer);
  }

  void send(const std::shared_ptr<Peer>& peer, const std::string& line) {
    if (peer->unsent.size() + line.size() > kMaxUnsentBytes) {
      log_warning(fmt::format("rank {} does not read what it is told", peer->id.rank));
      return;
    }
    peer->unsent += line + "\n";
    if (!peer->writing) write_some(peer);
  }

  void write_some(const std::shared_ptr<Peer>& peer) {
    peer->writing = false;
    while (!peer->unsent.empty()) {
      const ssize_t n = ::send(peer->descriptor.native_handle(), peer->unsent.data(), peer->unsent.size(),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return;  // the reading side will see the end
      if (n < 0) {
        peer->writing = true;
        peer->descriptor.async_wait(Descriptor::wait_write, [self = shared_from_this(),
                                                             peer](const boost::system::error_code& error) {
          if (error || self->closed || !peer->descriptor.is_open()) return;
          self->write_some(peer);
        });
        return;
      }
      peer->unsent.erase(0, static_cast<size_t>(n));
    }
  }
};

Result<std::unique_ptr<RankServer>> RankServer::listen(asio::io_context& io, const std::string& path,
                                                       Identify identify, OnReport on_report) {
  LH_ASSIGN(UniqueFd fd, open_listener(path));
  auto impl = std::make_shared<Impl>(io, fd.release());
  impl->path = path;
  impl->identify = std::move(identify);
  impl->on_report = std::move(on_report);
  impl->accept_later();
  return std::unique_ptr<RankServer>(new RankServer(std::move(impl)));
}

RankServer::RankServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

RankServer::~RankServer() {
  impl_->closed = true;
  boost::system::error_code ignored;
  impl_->listener.close(ignored);
  for (const auto& peer : impl_->peers) peer->descriptor.close(ignored);
  impl_->peers.clear();
  ::unlink(impl_->path.c_str());
}

void RankServer::tell(const RankId& id, const std::string& line) {
  for (const auto& peer : impl_->peers)
    if (peer->id == id) impl_->send(peer, line);
}

void RankServer::rank_gone(const RankId& id) {
  impl_->accept_all();  // it may have connected, spoken and died since the last turn
  const auto peers = impl_->peers;
  for (const auto& peer : peers) {
    if (peer->id != id) continue;
    while (impl_->read_some(*peer, kMaxReadAtOnce)) {
      // read_some also returns when the socket is empty but held open by a process that outlived the rank.
      char probe = 0;
      if (::recv(peer->descriptor.native_handle(), &probe, 1, MSG_DONTWAIT | MSG_PEEK) <= 0) break;
    }
    impl_->drop(peer);
  }
}

}  // namespace longhaul::daemon
