// One thread with a queue of tasks, run in order: where blocking things (fsync, SQLite, the shared store)
// happen, away from the thread that serves sockets.
// Thread-safety: post() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace longhaul::daemon {

class Worker {
 public:
  explicit Worker(std::string name);
  // Runs what is queued, then joins.
  ~Worker();
  void post(std::function<void()> task);
  size_t waiting() const;

 private:
  void run();
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace longhaul::daemon
