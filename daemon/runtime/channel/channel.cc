#include "daemon/runtime/channel/channel.h"

#include <charconv>
#include <chrono>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/runtime/channel/tls_channel.h"
#include "daemon/runtime/channel/tls_psk.h"

namespace longhaul::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Context = std::shared_ptr<asio::ssl::context>;

constexpr int64_t kHandshakeTimeoutMs = 10'000;

Result<tcp::endpoint> parse_address(const std::string& address) {
  const size_t colon = address.rfind(':');
  boost::system::error_code ec;
  const auto host = asio::ip::make_address(address.substr(0, colon), ec);
  int port = -1;
  if (colon != std::string::npos) {
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  }
  if (ec || port < 0 || port > 65535) {
    return invalid(fmt::format("'{}' is no address; it must be IP:PORT", address));
  }
  return tcp::endpoint(host, static_cast<uint16_t>(port));
}

class Listener final : public ChannelListener, public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& io, Context context, std::function<void(std::shared_ptr<Channel>)> on_accept)
      : io_(io), acceptor_(io), retry_(io), context_(std::move(context)), on_accept_(std::move(on_accept)) {}

  Result<> open(const tcp::endpoint& endpoint) {
    boost::system::error_code ec;
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) return {};
    const auto code = ec == asio::error::address_in_use ? ErrorCode::kConflict : ErrorCode::kIo;
    return Error{code, fmt::format("listen on {}:{}: {}", endpoint.address().to_string(), endpoint.port(),
                                   ec.message())};
  }

  std::string address() const override {
    const auto endpoint = acceptor_.local_endpoint();
    return fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  }

  void accept_next() {
    acceptor_.async_accept([self = shared_from_this()](auto ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted) return;
      if (ec) return self->pause();  // out of descriptors: a hot loop would not bring any back
      self->handshake(std::move(socket));
      self->accept_next();
    });
  }

  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    on_accept_ = nullptr;
  }

 private:
  void pause() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([self = shared_from_this()](auto ec) {
      if (!ec && self->acceptor_.is_open()) self->accept_next();
    });
  }

  void handshake(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    auto stream = std::make_shared<TlsStream>(std::move(socket), *context_);
    auto deadline = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(kHandshakeTimeoutMs));
    deadline->async_wait([stream](auto ec) {
      boost::system::error_code closed;
      if (!ec) stream->next_layer().close(closed);
    });
    stream->async_handshake(
        asio::ssl::stream_base::server, [self = shared_from_this(), stream, deadline](auto ec) {
          deadline->cancel();
          if (ec)
            return log_warning(fmt::format("refused a connection without the run's key: {}", ec.message()));
          if (self->on_accept_)
            self->on_accept_(std::make_shared<TlsChannel>(std::move(*stream), self->context_));
        });
  }

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  Context context_;
  std::function<void(std::shared_ptr<Channel>)> on_accept_;
};

// The accept loop keeps the Listener alive; the owner's handle ends it.
class ListenerHandle final : public ChannelListener {
 public:
  explicit ListenerHandle(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  ~ListenerHandle() override { listener_->stop(); }
  std::string address() const override { return listener_->address(); }

 private:
  std::shared_ptr<Listener> listener_;
};

// One attempt; `done` is called once, whichever of success, failure and deadline comes first.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  Connector(asio::io_context& io, Context context, std::function<void(Result<std::shared_ptr<Channel>>)> done)
      : context_(std::move(context)),
        stream_(std::in_place, io, *context_),
        deadline_(io),
        done_(std::move(done)) {}

  void start(const tcp::endpoint& endpoint, int64_t timeout_ms) {
    deadline_.expires_after(std::chrono::milliseconds(timeout_ms));
    deadline_.async_wait([self = shared_from_this()](auto ec) {
      if (!ec) self->finish(Error{ErrorCode::kTimeout, "no answer in time"});
    });
    stream_->next_layer().async_connect(endpoint, [self = shared_from_this()](auto ec) {
      if (ec) return self->finish(Error{ErrorCode::kUnavailable, ec.message()});
      self->handshake();
    });
  }

 private:
  void handshake() {
    if (!done_) return;
    boost::system::error_code ignored;
    stream_->next_layer().set_option(tcp::no_delay(true), ignored);
    stream_->next_layer().set_option(asio::socket_base::keep_alive(true), ignored);
    stream_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](auto ec) {
      if (ec) return self->finish(Error{ErrorCode::kDenied, "TLS handshake: " + ec.message()});
      if (SSL_session_reused(self->stream_->native_handle()) != 1) {
        return self->finish(
            Error{ErrorCode::kDenied, "the other side did not prove that it holds the run's key"});
      }
      self->finish(
          std::shared_ptr<Channel>(std::make_shared<TlsChannel>(std::move(*self->stream_), self->context_)));
    });
  }

  void finish(Result<std::shared_ptr<Channel>> result) {
    if (!done_) return;
    deadline_.cancel();
    if (!result) {
      boost::system::error_code ignored;
      stream_->next_layer().close(ignored);
    }
    std::exchange(done_, nullptr)(std::move(result));
  }

  Context context_;
  std::optional<TlsStream> stream_;
  asio::steady_timer deadline_;
  std::function<void(Result<std::shared_ptr<Channel>>)> done_;
};

}  // namespace

Result<std::unique_ptr<ChannelListener>> ChannelListener::listen(
    asio::io_context& io, const std::string& address, const std::string& key,
    std::function<void(std::shared_ptr<Channel>)> on_accept) {
  LH_ASSIGN(const auto endpoint, parse_address(address));
  auto listener = std::make_shared<Listener>(io, make_psk_server_context(key), std::move(on_accept));
  LH_TRY(listener->open(endpoint));
  listener->accept_next();
  return std::unique_ptr<ChannelListener>(std::make_unique<ListenerHandle>(std::move(listener)));
}

void connect_channel(asio::io_context& io, const std::string& address, const std::string& key,
                     int64_t timeout_ms, std::function<void(Result<std::shared_ptr<Channel>>)> done) {
  const auto endpoint = parse_address(address);
  if (!endpoint) {
    asio::post(io, [done = std::move(done), error = endpoint.error()] { done(error); });
    return;
  }
  std::make_shared<Connector>(io, make_psk_client_context(key), std::move(done))
      ->start(*endpoint, timeout_ms);
}

}  // namespace longhaul::daemon
