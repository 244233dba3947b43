// The connections between the simulated daemon and its agents: ordered, delayed, and cut when either end
// dies. While a node is cut off what was sent waits, as it does in TCP's buffers; nobody is told. Pure
// bookkeeping over Events. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/sim/events.h"

namespace longhaul::daemon::sim {

class Network {
 public:
  explicit Network(Events& events) : events_(events) {}

  bool is_open(const std::string& node) { return links_[node].open; }
  void open(const std::string& node) {
    Link& link = links_[node];
    link = Link{true, link.cut_off, link.epoch + 1, events_.now_ms(), events_.now_ms(), {}};
  }
  void close(const std::string& node) {
    Link& link = links_[node];
    link.open = false;
    ++link.epoch;
    link.held.clear();
  }

  enum class Way { kToDaemon, kToAgent };
  // Delivered in the order sent, unless the connection ends before.
  void send(const std::string& node, Way way, std::function<void()> deliver) {
    Link& link = links_[node];
    if (!link.open) return;
    int64_t& last_ms = way == Way::kToDaemon ? link.last_to_daemon_ms : link.last_to_agent_ms;
    last_ms = std::max(last_ms, events_.now_ms() + events_.between(1, kMostDelayMs));
    events_.after(last_ms - events_.now_ms(), [this, node, epoch = link.epoch, deliver = std::move(deliver)] {
      Link& now = links_[node];
      if (!now.open || now.epoch != epoch) return;
      if (now.cut_off) return now.held.push_back(deliver);
      deliver();
    });
  }

  void set_cut_off(const std::string& node, bool yes) {
    Link& link = links_[node];
    link.cut_off = yes;
    if (yes) return;
    const auto held = std::exchange(link.held, {});
    const int64_t epoch = link.epoch;
    for (const auto& deliver : held) {
      if (links_[node].open && links_[node].epoch == epoch) deliver();
    }
  }

 private:
  static constexpr int64_t kMostDelayMs = 30;
  struct Link {
    bool open = false;
    bool cut_off = false;
    int64_t epoch = 0;
    int64_t last_to_daemon_ms = 0;
    int64_t last_to_agent_ms = 0;
    std::vector<std::function<void()>> held;
  };
  Events& events_;
  std::map<std::string, Link> links_;
};

}  // namespace longhaul::daemon::sim
