// Simulated time: what is to happen, in order, and the random numbers it draws. Everything that happens in
// a simulation happens because of a seed and this queue, so a seed replays to the same run.
// Not thread-safe.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "base/core/clock.h"

namespace longhaul::daemon::sim {

class Events final : public Clock {
 public:
  explicit Events(uint64_t seed) : random_(seed) {}

  int64_t wall_ms() const override { return kStartMs + now_ms_; }
  int64_t steady_ms() const override { return now_ms_; }
  int64_t now_ms() const { return now_ms_; }

  void after(int64_t delay_ms, std::function<void()> what) {
    waiting_.push(Entry{now_ms_ + std::max<int64_t>(delay_ms, 0), ++sequence_, std::move(what)});
  }
  // Does the next thing; false: nothing is left before `until_ms`, and the time is that now.
  bool step(int64_t until_ms) {
    if (waiting_.empty() || waiting_.top().at_ms > until_ms) {
      now_ms_ = until_ms;
      return false;
    }
    const Entry next = waiting_.top();
    waiting_.pop();
    now_ms_ = next.at_ms;
    ++done_;
    next.what();
    return true;
  }
  int64_t done() const { return done_; }

  int64_t between(int64_t least, int64_t most) {  // both may come
    return least + static_cast<int64_t>(random_() % static_cast<uint64_t>(most - least + 1));
  }
  bool chance(double probability) { return unit() < probability; }
  // Time to the next of events that come at random, mean_ms apart on average.
  int64_t next_in(double mean_ms) {
    return static_cast<int64_t>(std::min(-mean_ms * std::log(1.0 - unit()), 1e15));
  }

 private:
  static constexpr int64_t kStartMs = 1'600'000'000'000;
  struct Entry {
    int64_t at_ms;
    int64_t sequence;  // what was asked for first happens first
    std::function<void()> what;
    bool operator<(const Entry& other) const {
      return at_ms != other.at_ms ? at_ms > other.at_ms : sequence > other.sequence;
    }
  };
  double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  std::mt19937_64 random_;
  std::priority_queue<Entry> waiting_;
  int64_t now_ms_ = 0;
  int64_t sequence_ = 0;
  int64_t done_ = 0;
};

}  // namespace longhaul::daemon::sim
