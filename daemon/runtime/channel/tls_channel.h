// Channel over an established TLS stream. Used inside the channel module only.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/runtime/channel/channel.h"
#include "wire/codec/frame.h"

namespace longhaul::daemon {

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

class TlsChannel final : public Channel, public std::enable_shared_from_this<TlsChannel> {
 public:
  // context is kept alive as long as the stream.
  TlsChannel(TlsStream stream, std::shared_ptr<boost::asio::ssl::context> context);

  void start(std::function<void(std::string)> on_message,
             std::function<void(std::string)> on_closed) override;
  void send(std::string payload) override;
  void close() override;
  std::string peer_address() const override { return peer_; }

 private:
  void read_more();
  void take_frames();
  void write_next();
  void arm_deadline(int64_t timeout_ms, const char* reason);
  void fail(const std::string& reason);

  std::shared_ptr<boost::asio::ssl::context> context_;
  TlsStream stream_;
  boost::asio::steady_timer deadline_;  // of the write in progress, or of the close
  std::string peer_;
  std::function<void(std::string)> on_message_;
  std::function<void(std::string)> on_closed_;
  std::array<char, 65536> input_{};
  wire::FrameDecoder decoder_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool closing_ = false;  // no new sends; closed once the queue is out
  bool closed_ = false;
};

}  // namespace longhaul::daemon
