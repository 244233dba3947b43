// A server on a free loopback port, run by its own thread, and a raw client for what no HTTP client sends.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/posix/unique_fd.h"
#include "telemetry/http/client.h"
#include "telemetry/http/endpoint.h"
#include "telemetry/http/server.h"

namespace longhaul::telemetry::http {

class RunningServer {
 public:
  RunningServer(ServerOptions options, Handler handler, LiveSource* live = nullptr,
                Observer* observer = nullptr, const std::string& endpoint = "127.0.0.1:0");
  ~RunningServer();

  // Runs f on the server's thread and gives what it returns.
  template <class F>
  std::invoke_result_t<F&> on_thread(F&& f) {
    std::packaged_task<std::invoke_result_t<F&>()> task(std::forward<F>(f));
    auto result = task.get_future();
    post([&task] { task(); });
    return result.get();
  }
  const std::string& endpoint() const { return endpoint_; }
  HttpServer& server() { return *server_; }

 private:
  void post(std::function<void()> f);
  struct Loop;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<HttpServer> server_;
  std::string endpoint_;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(const std::string& endpoint, int timeout_s = 5) {
    const Endpoint e = parse_endpoint(endpoint).value();
    fd_ = UniqueFd(::socket(e.address.ss_family, SOCK_STREAM, 0));
    const timeval limit{timeout_s, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&e.address), e.size_bytes), 0);
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Exactly n bytes, or fewer when the server closed.
  std::string read(size_t n) {
    std::string bytes;
    char chunk[4096];
    while (bytes.size() < n) {
      const ssize_t got = ::recv(fd_.get(), chunk, std::min(n - bytes.size(), sizeof chunk), 0);
      if (got <= 0) break;
      bytes.append(chunk, static_cast<size_t>(got));
    }
    return bytes;
  }
  std::string read_head() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string byte = read(1);
      if (byte.empty()) break;
      head += byte;
    }
    return head;
  }
  std::string read_all() { return read(1 << 26); }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace longhaul::telemetry::http
