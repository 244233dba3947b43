#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "telemetry/http/connection.h"

namespace longhaul::telemetry::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using beast::error_code;

using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::io_context::executor_type>;

constexpr size_t kMessageLimitBytes = 4096;
constexpr int kMessageLimit = 256;  // a viewer has one thing to say
constexpr auto kHandshakeTimeout = std::chrono::seconds(30);
constexpr auto kIdleTimeout = std::chrono::seconds(50);  // a ping goes out at half of it

class LiveSession final : public LiveConnection, public std::enable_shared_from_this<LiveSession> {
 public:
  LiveSession(asio::io_context& context, std::shared_ptr<ServerState> state, std::unique_ptr<Slot> slot,
              Socket socket)
      : state_(std::move(state)), slot_(std::move(slot)), socket_(context), buffer_(kMessageLimitBytes) {
    error_code ec;  // failed: the handshake says so
    socket_.next_layer().socket().assign({socket.family, socket.protocol}, socket.fd.get(), ec);
    if (!ec) socket.fd.release();
    state_->connections.insert(this);
  }
  ~LiveSession() override {
    state_->connections.erase(this);
    if (state_->live_connections.erase(this) > 0) report();
  }

  void accept(const Request& request) {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket has its own
    socket_.set_option(websocket::stream_base::timeout{kHandshakeTimeout, kIdleTimeout, true});
    socket_.set_option(
        websocket::stream_base::decorator([name = state_->options.server_name](websocket::response_type& r) {
          r.set(beast::http::field::server, name);
        }));
    socket_.read_message_max(kMessageLimitBytes);
    socket_.auto_fragment(false);
    socket_.text(true);
    request_.method(beast::http::verb::get);
    request_.target(request.path);
    for (const auto& [name, value] : request.headers) request_.insert(name, value);
    socket_.async_accept(request_, beast::bind_front_handler(&LiveSession::on_accept, shared_from_this()));
  }

  void abort() override { beast::get_lowest_layer(socket_).close(); }

  void wake() override {
    // After close() what the feed reads from may be gone.
    if (writing_ || closing_ || !feed_ || state_->closed) return;
    frame_ = feed_->next();
    if (!frame_) return;
    writing_ = true;
    since_ = SteadyClock::now();
    socket_.async_write(asio::buffer(*frame_),
                        beast::bind_front_handler(&LiveSession::on_written, shared_from_this()));
  }

  bool is_stuck(SteadyClock::time_point now) override {
    const int64_t waited_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - since_).count();
    return (writing_ || messages_ == 0) && waited_ms > state_->options.write_timeout_ms;
  }

 private:
  void on_accept(error_code ec) {
    request_ = {};
    if (ec || state_->closed || state_->live == nullptr) return;
    feed_ = state_->live->connect();
    since_ = SteadyClock::now();
    state_->live_connections.insert(this);
    report();
    read();
  }

  void read() {
    socket_.async_read(buffer_, beast::bind_front_handler(&LiveSession::on_read, shared_from_this()));
  }

  void on_read(error_code ec, size_t) {
    if (ec || state_->closed) {
      // Closed, timed out or broken; a write that is still under way ends with the socket.
      abort();
      return;
    }
    const auto bytes = buffer_.cdata();
    const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
    if (++messages_ > kMessageLimit || !socket_.got_text() || !feed_->receive(text)) return refuse();
    buffer_.consume(buffer_.size());
    wake();
    read();
  }

  void refuse() {
    closing_ = true;
    socket_.async_close(websocket::close_code::policy_error, [self = shared_from_this()](error_code) {});
  }

  void on_written(error_code ec, size_t) {
    writing_ = false;
    frame_.reset();
    if (ec) return abort();
    if (state_->observer != nullptr) state_->observer->live_frame_sent();
    wake();
  }

  void report() {
    if (state_->observer != nullptr) state_->observer->live_sessions(state_->live_connections.size());
  }

  std::shared_ptr<ServerState> state_;
  std::unique_ptr<Slot> slot_;
  websocket::stream<Stream, false> socket_;  // false: no permessage-deflate, 100 kB a connection
  beast::flat_buffer buffer_;
  beast::http::request<beast::http::empty_body> request_;  // until it is accepted
  std::unique_ptr<LiveStream> feed_;
  std::shared_ptr<const std::string> frame_;  // being written
  SteadyClock::time_point since_;             // the write, or the connection, began
  int messages_ = 0;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

void serve_live(asio::io_context& context, std::shared_ptr<ServerState> state, std::unique_ptr<Slot> slot,
                Socket socket, const Request& request) {
  std::make_shared<LiveSession>(context, std::move(state), std::move(slot), std::move(socket))
      ->accept(request);
}

}  // namespace longhaul::telemetry::http
