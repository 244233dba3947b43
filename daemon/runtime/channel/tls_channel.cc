#include "daemon/runtime/channel/tls_channel.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace longhaul::daemon {
namespace {

constexpr size_t kMaxQueuedBytes = 64 << 20;
constexpr int64_t kWriteTimeoutMs = 30'000;
constexpr int64_t kCloseTimeoutMs = 1'000;

std::string describe(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  return ec ? "unknown" : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

}  // namespace

TlsChannel::TlsChannel(TlsStream stream, std::shared_ptr<boost::asio::ssl::context> context)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      deadline_(stream_.get_executor()),
      peer_(describe(stream_.next_layer())) {}

void TlsChannel::start(std::function<void(std::string)> on_message,
                       std::function<void(std::string)> on_closed) {
  on_message_ = std::move(on_message);
  on_closed_ = std::move(on_closed);
  read_more();
}

void TlsChannel::read_more() {
  stream_.async_read_some(boost::asio::buffer(input_), [self = shared_from_this()](auto ec, size_t n) {
    if (ec)
      return self->fail(ec == boost::asio::error::eof ? "the peer closed the connection" : ec.message());
    self->decoder_.feed(std::string_view(self->input_.data(), n));
    self->take_frames();
    if (!self->closed_) self->read_more();
  });
}

void TlsChannel::take_frames() {
  while (!closed_) {
    auto frame = decoder_.next();
    if (!frame) return fail(frame.error().message);
    if (!*frame) return;
    on_message_(std::move(**frame));
  }
}

void TlsChannel::send(std::string payload) {
  if (closed_ || closing_) return;
  queued_bytes_ += payload.size();
  queue_.push_back(wire::encode_frame(payload));
  if (queued_bytes_ > kMaxQueuedBytes) return fail("the peer does not read: too much is waiting for it");
  if (!writing_) write_next();
}

void TlsChannel::write_next() {
  if (queue_.empty()) {
    writing_ = false;
    deadline_.cancel();
    if (closing_) fail("closed");
    return;
  }
  writing_ = true;
  if (!closing_) arm_deadline(kWriteTimeoutMs, "the peer does not read");
  boost::asio::async_write(stream_, boost::asio::buffer(queue_.front()),
                           [self = shared_from_this()](auto ec, size_t n) {
                             if (ec) return self->fail(ec.message());
                             self->queued_bytes_ -= n - 4;
                             self->queue_.pop_front();
                             if (!self->closed_) self->write_next();
                           });
}

void TlsChannel::arm_deadline(int64_t timeout_ms, const char* reason) {
  deadline_.expires_after(std::chrono::milliseconds(timeout_ms));
  deadline_.async_wait([self = weak_from_this(), reason](auto ec) {
    if (auto channel = self.lock(); channel && !ec) channel->fail(reason);
  });
}

void TlsChannel::close() {
  if (closed_ || closing_) return;
  closing_ = true;
  arm_deadline(kCloseTimeoutMs, "closed");
  if (!writing_) write_next();
}

void TlsChannel::fail(const std::string& reason) {
  if (closed_) return;
  closed_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  stream_.next_layer().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.next_layer().close(ignored);
  boost::asio::post(stream_.get_executor(), [self = shared_from_this(), reason] {
    self->on_message_ = nullptr;
    if (auto callback = std::exchange(self->on_closed_, nullptr)) callback(reason);
  });
}

}  // namespace longhaul::daemon
