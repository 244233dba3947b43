#include "telemetry/http/server.h"

#include <cerrno>
#include <ctime>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/core/check.h"
#include "telemetry/http/connection.h"

namespace longhaul::telemetry::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;

constexpr int kAcceptsAtOnce = 64;  // then others get their turn
constexpr auto kAcceptBackoff = std::chrono::milliseconds(200);
// Before anything is read: whoever is refused costs no memory.
std::string too_many() {
  const Response r = problem(429, "Too many requests", "too many connections are open; come back in 10 s");
  std::string text = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nConnection: close\r\n";
  for (const auto& [name, value] : r.headers) text += name + ": " + value + "\r\n";
  text += "Date: " + http_date(::time(nullptr)) + "\r\n";
  return text + "Content-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body;
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& c, ServerOptions options, Handler handler, LiveSource* live, Observer* observer)
      : context(c),
        state(std::make_shared<ServerState>(std::move(options), std::move(handler), live, observer)),
        acceptor(c.get_executor()),
        backoff(c.get_executor()),
        seconds(c.get_executor()) {}

  void start(Listener listener, std::string path) {
    unix_path = std::move(path);
    port = listener.port;
    acceptor.assign(listener.fd.release());
    wait_for_connections();
    if (state->live != nullptr) wait_a_second();
  }

  void wait_for_connections() {
    acceptor.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code ec) {
      if (!ec && !self->state->closed) self->accept_some();
    });
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int fd = ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                               SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        take(UniqueFd(fd), address);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return back_off();
      }
      // Anything else happened to that one connection alone.
    }
    wait_for_connections();
  }

  // Out of descriptors: the backlog waits, the CPU does not spin.
  void back_off() {
    if (state->observer != nullptr) state->observer->connection_refused("descriptors");
    backoff.expires_after(kAcceptBackoff);
    backoff.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec && !self->state->closed) self->accept_some();
    });
  }

  void take(UniqueFd fd, const sockaddr_storage& address) {
    Peer peer = peer_of(fd.get(), address);
    if (const char* reason = state->over_limit(peer)) {
      if (state->observer != nullptr) state->observer->connection_refused(reason);
      const std::string answer = too_many();
      (void)!::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      return;
    }
    const bool tcp = address.ss_family != AF_UNIX;
    if (tcp) {
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    serve_connection(context, state, std::make_unique<Slot>(state, std::move(peer)),
                     Socket{std::move(fd), address.ss_family, tcp ? IPPROTO_TCP : 0});
  }

  void wait_a_second() {
    seconds.expires_after(std::chrono::seconds(1));
    seconds.async_wait([self = shared_from_this()](error_code ec) {
      if (ec || self->state->closed) return;
      self->state->on_second(SteadyClock::now());
      self->wait_a_second();
    });
  }

  void close() {
    if (state->closed) return;
    error_code ignored;
    acceptor.close(ignored);
    backoff.cancel();
    seconds.cancel();
    if (!unix_path.empty()) ::unlink(unix_path.c_str());
    state->close();
  }

  asio::io_context& context;
  std::shared_ptr<ServerState> state;
  asio::posix::basic_stream_descriptor<Executor> acceptor;
  asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor> backoff;
  asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor> seconds;
  std::string unix_path;
  uint16_t port = 0;
};

HttpServer::HttpServer(asio::io_context& context, ServerOptions options, Handler handler, LiveSource* live,
                       Observer* observer)
    : impl_(std::make_shared<Impl>(context, std::move(options), std::move(handler), live, observer)) {}

HttpServer::~HttpServer() { close(); }

Result<> HttpServer::listen(const std::string& endpoint) {
  CHECK(!impl_->acceptor.is_open());
  LH_ASSIGN(const Endpoint address, parse_endpoint(endpoint));
  LH_ASSIGN(Listener listener, listen_on(address));
  impl_->start(std::move(listener), address.unix_path);
  return {};
}

uint16_t HttpServer::port() const { return impl_->port; }
void HttpServer::wake_live() { impl_->state->wake_live(); }
void HttpServer::close() { impl_->close(); }
size_t HttpServer::connections() const { return impl_->state->open; }
size_t HttpServer::live_sessions() const { return impl_->state->live_connections.size(); }

}  // namespace longhaul::telemetry::http
