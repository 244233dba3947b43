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
  ~Worker();  // stop()
  // Runs what is queued and what that posts here, then joins. What is posted later is dropped. For the
  // owner of several workers that post to each other: all are stopped before the first one is gone.
  void stop();
  void post(std::function<void()> task);
  size_t waiting() const;

 private:
  void run();
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace longhaul::daemon
