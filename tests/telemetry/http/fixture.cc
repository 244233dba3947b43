#include "tests/telemetry/http/fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace longhaul::telemetry::http {

struct RunningServer::Loop {
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
};

RunningServer::RunningServer(ServerOptions options, Handler handler, LiveSource* live, Observer* observer,
                             const std::string& endpoint)
    : loop_(std::make_unique<Loop>()),
      server_(std::make_unique<HttpServer>(loop_->context, std::move(options), std::move(handler), live,
                                           observer)) {
  const auto listening = server_->listen(endpoint);
  EXPECT_TRUE(listening) << listening.error().message;
  endpoint_ = server_->port() == 0 ? endpoint : "127.0.0.1:" + std::to_string(server_->port());
  thread_ = std::thread([this] { loop_->context.run(); });
}

RunningServer::~RunningServer() {
  on_thread([this] { server_.reset(); });
  loop_->guard.reset();
  loop_->context.stop();
  thread_.join();
}

void RunningServer::post(std::function<void()> f) { boost::asio::post(loop_->context, std::move(f)); }

}  // namespace longhaul::telemetry::http
