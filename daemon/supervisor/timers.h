// A function called again and again on the io_context. Used inside daemon/supervisor only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/supervisor/supervisor.h"

namespace longhaul::daemon {

class Repeating {
 public:
  Repeating(boost::asio::io_context& io, int64_t period_ms, std::function<void()> task)
      : timer_(io), period_(period_ms), task_(std::move(task)) {
    wait();
  }

 private:
  void wait() {
    timer_.expires_after(period_);
    timer_.async_wait([this](auto ec) {
      if (ec) return;  // also when this object is gone
      task_();
      wait();
    });
  }
  boost::asio::steady_timer timer_;
  std::chrono::milliseconds period_;
  std::function<void()> task_;
};

struct Supervisor::Timers {
  explicit Timers(boost::asio::io_context& io) : leaving(io) {}
  std::vector<std::unique_ptr<Repeating>> repeating;
  boost::asio::steady_timer leaving;
};

}  // namespace longhaul::daemon
