// What a daemon is to its operators: an HTTP server on a Unix socket, here on a thread of its own. The
// handler runs there; what it writes is read after stop().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/core/check.h"
#include "telemetry/http/server.h"

namespace longhaul::daemon {

class FakeDaemon {
 public:
  using Answer = std::function<telemetry::http::Response(const telemetry::http::Request&)>;

  FakeDaemon(const std::string& socket, Answer answer)
      : work_(io_.get_executor()),
        server_(std::make_unique<telemetry::http::HttpServer>(
            io_, telemetry::http::ServerOptions{.allow_post = true, .body_limit_bytes = 4096},
            [answer = std::move(answer)](const telemetry::http::Request& r,
                                         const telemetry::http::Reply& reply) { reply(answer(r)); })) {
    CHECK(server_->listen("unix:" + socket));
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~FakeDaemon() { stop(); }

  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<telemetry::http::HttpServer> server_;
  std::jthread thread_;
};

}  // namespace longhaul::daemon
