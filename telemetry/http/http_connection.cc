#include <atomic>
#include <ctime>
#include <optional>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "telemetry/http/connection.h"
#include "telemetry/http/rules.h"

namespace longhaul::telemetry::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
// One stream type for TCP and Unix sockets: Beast is instantiated once.
using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::io_context::executor_type>;
using Parser = beast::http::request_parser<beast::http::string_body>;
using Message = beast::http::response<beast::http::span_body<const char>>;
using Serializer = beast::http::response_serializer<beast::http::span_body<const char>>;

std::string_view view(beast::string_view s) { return {s.data(), s.size()}; }

class HttpConnection final : public Connection, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(asio::io_context& context, std::shared_ptr<ServerState> state, std::unique_ptr<Slot> slot,
                 Socket socket)
      : context_(context),
        state_(std::move(state)),
        slot_(std::move(slot)),
        family_(socket.family),
        protocol_(socket.protocol),
        stream_(context),
        buffer_(state_->options.header_limit_bytes + state_->options.body_limit_bytes + 4096),
        reply_timer_(stream_.get_executor()) {
    error_code ec;  // failed: the first read says so
    stream_.socket().assign({socket.family, socket.protocol}, socket.fd.get(), ec);
    if (!ec) socket.fd.release();
    state_->connections.insert(this);
  }
  ~HttpConnection() override { state_->connections.erase(this); }

  void abort() override {
    reply_timer_.cancel();
    stream_.close();
  }

  void read(int64_t timeout_ms) {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(state_->options.header_limit_bytes));
    parser_->body_limit(boost::none);  // refusal() says what is accepted
    stream_.expires_after(std::chrono::milliseconds(timeout_ms));
    beast::http::async_read_header(stream_, buffer_, *parser_,
                                   beast::bind_front_handler(&HttpConnection::on_header, shared_from_this()));
  }

 private:
  void on_header(error_code ec, size_t) {
    started_ = SteadyClock::now();
    keep_alive_ = false;
    head_only_ = false;
    if (ec == beast::http::error::header_limit || ec == beast::http::error::buffer_overflow) {
      return send(
          problem(431, "Header too large", "the request header is larger than this listener accepts"));
    }
    if (ec) {
      const bool malformed = ec.category() == make_error_code(beast::http::error::bad_method).category() &&
                             ec != beast::http::error::end_of_stream &&
                             ec != beast::http::error::partial_message;
      if (malformed) send(problem(400, "Bad request", "that is no HTTP/1.1 request: " + ec.message()));
      return;  // timeout, reset, end: the last reference goes, the socket closes
    }
    take_head();
    head_only_ = request_.method == "HEAD";  // also of what is refused
    const Rules rules{state_->options.allow_post, state_->options.body_limit_bytes,
                      state_->options.header_fields};
    const auto& message = parser_->get();
    if (auto refused =
            refusal({request_.method, static_cast<int>(message.version()), &request_.headers}, rules)) {
      return send(std::move(*refused));
    }
    auto target = parse_target(view(message.target()));
    if (!target) return send(problem(target.error()));
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
    if (request_.path == "/live" && state_->live != nullptr && beast::websocket::is_upgrade(message)) {
      return upgrade();
    }
    keep_alive_ = message.keep_alive();
    read_body();
  }

  void upgrade() {
    Socket socket{UniqueFd(stream_.release_socket().release()), family_, protocol_};
    serve_live(context_, state_, std::move(slot_), std::move(socket), request_);
  }

  void take_head() {
    const auto& message = parser_->get();
    request_ = Request{};
    request_.method = view(message.method_string());
    for (const auto& field : message)
      request_.headers.emplace_back(view(field.name_string()), view(field.value()));
    request_.remote = slot_->peer().address;
    request_.peer_uid = slot_->peer().uid;
  }

  void read_body() {
    if (body_size(request_.headers) == 0) return handle();
    stream_.expires_after(std::chrono::milliseconds(state_->options.body_timeout_ms));
    beast::http::async_read(stream_, buffer_, *parser_,
                            beast::bind_front_handler(&HttpConnection::on_body, shared_from_this()));
  }

  void on_body(error_code ec, size_t) {
    if (ec) return;
    request_.body = std::move(parser_->get().body());
    handle();
  }

  void handle() {
    if (state_->closed) return;
    if (head_only_) request_.method = "GET";
    stream_.expires_never();
    const uint64_t number = ++request_number_;
    auto answered = std::make_shared<std::atomic<bool>>(false);
    const auto self = shared_from_this();
    // Weak, and locked on the server's thread only: another thread that drops its reply must not be the one
    // that ends the connection.
    state_->handler(request_, [weak = weak_from_this(), executor = stream_.get_executor(), answered,
                               number](Response response) {
      if (answered->exchange(true)) return;
      asio::dispatch(executor, [weak, number, r = std::move(response)]() mutable {
        if (const auto connection = weak.lock()) connection->on_reply(number, std::move(r));
      });
    });
    if (answered_number_ == number) return;
    reply_timer_.expires_after(std::chrono::milliseconds(state_->options.reply_timeout_ms));
    reply_timer_.async_wait([self, number](error_code ec) {
      if (!ec) self->on_reply(number, problem(504, "Timed out", "the answer took too long"));
    });
  }

  void on_reply(uint64_t number, Response response) {
    if (number != request_number_ || answered_number_ == number || state_->closed) return;
    answered_number_ = number;
    reply_timer_.cancel();
    send(std::move(response));
  }

  void send(Response response) {
    response_ = std::move(response);
    const std::string* etag = find_field(response_.headers, "ETag");
    const std::string* known = request_.header("If-None-Match");
    const bool unchanged =
        response_.status == 200 && etag != nullptr && known != nullptr && etag_matches(*known, *etag);
    if (unchanged) response_.status = 304;
    const std::string_view body =
        response_.body.empty() ? response_.static_body : std::string_view(response_.body);

    message_.emplace(static_cast<beast::http::status>(response_.status), 11);
    for (const auto& [name, value] : response_.headers) {
      if (!unchanged || name != "Content-Type") message_->insert(name, value);
    }
    for (const auto& [name, value] : security_headers()) message_->set(name, value);
    message_->set(beast::http::field::server, state_->options.server_name);
    message_->set(beast::http::field::date, http_date(::time(nullptr)));
    message_->keep_alive(keep_alive_);
    if (!unchanged) message_->content_length(body.size());
    message_->body() = beast::span<const char>(body.data(), body.size());

    serializer_.emplace(*message_);
    stream_.expires_after(std::chrono::milliseconds(state_->options.write_timeout_ms));
    auto done = beast::bind_front_handler(&HttpConnection::on_sent, shared_from_this());
    if (unchanged || head_only_) {
      serializer_->split(true);
      beast::http::async_write_header(stream_, *serializer_, std::move(done));
    } else {
      beast::http::async_write(stream_, *serializer_, std::move(done));
    }
  }

  void on_sent(error_code ec, size_t) {
    if (state_->observer != nullptr) {
      const std::chrono::duration<double> took = SteadyClock::now() - started_;
      state_->observer->request_done(response_.route, response_.status, took.count());
    }
    response_ = Response{};
    if (ec || state_->closed) return;
    if (keep_alive_) return read(state_->options.keep_alive_timeout_ms);
    // What the client still sends is read and dropped for a moment: closing at once would reset the
    // connection and could destroy the answer before it is read.
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ec);
    stream_.expires_after(std::chrono::seconds(2));
    drain();
  }

  void drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code ec, size_t n) {
      self->drained_bytes_ += n;
      if (!ec && self->drained_bytes_ < 256 * 1024) self->drain();
    });
  }

  asio::io_context& context_;
  std::shared_ptr<ServerState> state_;
  std::unique_ptr<Slot> slot_;
  int family_;
  int protocol_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  Response response_;
  std::optional<Message> message_;
  std::optional<Serializer> serializer_;
  asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, asio::io_context::executor_type>
      reply_timer_;
  SteadyClock::time_point started_;
  uint64_t request_number_ = 0;
  uint64_t answered_number_ = 0;
  size_t drained_bytes_ = 0;
  bool keep_alive_ = false;
  bool head_only_ = false;
};

}  // namespace

void serve_connection(asio::io_context& context, std::shared_ptr<ServerState> state,
                      std::unique_ptr<Slot> slot, Socket socket) {
  const int64_t timeout_ms = state->options.header_timeout_ms;
  std::make_shared<HttpConnection>(context, std::move(state), std::move(slot), std::move(socket))
      ->read(timeout_ms);
}

}  // namespace longhaul::telemetry::http
