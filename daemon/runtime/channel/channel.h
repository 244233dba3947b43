// Authenticated, framed connections between daemon and agents: TCP with TLS 1.3 and the run's pre-shared
// key (no certificates; whoever lacks the key gets no byte through). Payloads are texts of at most
// wire::kMaxFrameBytes, delivered in order or not at all.
//
// Thread-safety: everything belongs to the one thread that runs the io_context; all callbacks come there,
// never from inside a call of these functions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/core/result.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

class Channel {
 public:
  virtual ~Channel() = default;

  // Callbacks are set once, right after the channel is handed out. on_closed comes exactly once, and last.
  virtual void start(std::function<void(std::string payload)> on_message,
                     std::function<void(std::string reason)> on_closed) = 0;
  // Queues; silently dropped once the channel is closed. A peer that does not read for 30 s or lets more
  // than 64 MiB pile up is closed.
  virtual void send(std::string payload) = 0;
  // Sends what is queued if the peer reads it within a second, then closes.
  virtual void close() = 0;
  virtual std::string peer_address() const = 0;  // "127.0.0.1:4711"
};

class ChannelListener {
 public:
  virtual ~ChannelListener() = default;  // stops listening; open channels live on
  virtual std::string address() const = 0;

  // address: "127.0.0.1:0" takes any free port. key: any non-empty secret.
  // kConflict: the port is in use.
  static Result<std::unique_ptr<ChannelListener>> listen(
      boost::asio::io_context& io, const std::string& address, const std::string& key,
      std::function<void(std::shared_ptr<Channel>)> on_accept);
};

// TCP, TLS handshake and key check within timeout_ms, or an error: kUnavailable (nobody listens),
// kTimeout, kDenied (the other side holds another key).
void connect_channel(boost::asio::io_context& io, const std::string& address, const std::string& key,
                     int64_t timeout_ms, std::function<void(Result<std::shared_ptr<Channel>>)> done);

}  // namespace longhaul::daemon
