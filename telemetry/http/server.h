// A small HTTP/1.1 and WebSocket server for hostile networks: GET and HEAD only unless told otherwise,
// 8 kB of header within one deadline, exactly one Host, no transfer codings, caps on connections. It is
// the only user of Beast. One server serves one TCP or Unix listener.
//
// Thread-safety: all on the thread that runs the io_context; only a Reply may be called from elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "telemetry/http/message.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::telemetry::http {

// What a WebSocket viewer at /live is fed from: one stream a viewer, asked for the next frame whenever
// the last one is written. The server keeps no queue.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  virtual bool receive(std::string_view text) = 0;        // false: close with 1008 (policy violation)
  virtual std::shared_ptr<const std::string> next() = 0;  // null: nothing now, wait for wake_live()
};
class LiveSource {
 public:
  virtual ~LiveSource() = default;
  virtual std::unique_ptr<LiveStream> connect() = 0;
  virtual void on_second() = 0;  // once a second, before every viewer is asked again
};

// Told of what happens, for metrics. All calls on the server's thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void request_done(std::string_view /*route*/, int /*status*/, double /*seconds*/) {}
  virtual void live_sessions(size_t /*open*/) {}
  virtual void live_frame_sent() {}
  virtual void connection_refused(std::string_view /*reason*/) {}
};

struct ServerOptions {
  bool allow_post = false;      // operators only
  size_t body_limit_bytes = 0;  // 0: a request body is refused
  size_t header_limit_bytes = 8 * 1024;
  size_t header_fields = 64;
  int64_t header_timeout_ms = 10'000;      // over the whole header of a connection's first request
  int64_t keep_alive_timeout_ms = 30'000;  // over waiting for the next one, its header included
  int64_t body_timeout_ms = 10'000;
  int64_t write_timeout_ms = 15'000;
  int64_t reply_timeout_ms = 60'000;  // the handler's
  size_t connections = 16'384;
  size_t connections_per_address = 256;  // an IPv6 /64 is one; loopback is exempt: a reverse proxy's place
  bool limit_loopback = false;           // for tests of the above
  std::string server_name = "longhaul";
};

class HttpServer {
 public:
  // live and observer may be null and must outlive the server.
  HttpServer(boost::asio::io_context& context, ServerOptions options, Handler handler,
             LiveSource* live = nullptr, Observer* observer = nullptr);
  ~HttpServer();  // close()

  // "127.0.0.1:8080", "[::1]:0", "localhost:8080" or "unix:/path" (mode 0600; a socket file that nobody
  // listens on is replaced). kConflict names the address that is in use.
  Result<> listen(const std::string& endpoint);
  uint16_t port() const;  // 0 for a Unix socket

  // Ask every idle viewer's stream for more.
  void wake_live();
  // Stops listening and drops all connections.
  void close();

  size_t connections() const;
  size_t live_sessions() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace longhaul::telemetry::http
