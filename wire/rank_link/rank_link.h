// A rank's line to the agent that owns it: one JSON object a line, both ways, on a Unix stream socket
// (LONGHAUL_SOCKET). Nothing here ever waits for the agent, except flush with its deadline: a stopped
// agent must not stop training, so reports queue in memory (up to a bound) until it reads again.
// A rank without an agent (unsupervised run, tests) uses the same calls; they do nothing.
// Thread-safety: one object, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "base/json/json.h"
#include "base/posix/unique_fd.h"

namespace longhaul::wire {

class RankLink {
 public:
  // No agent: send and poll do nothing and always succeed.
  RankLink() = default;
  // An empty path, or a socket that is not there, gives an unsupervised link: a run started by hand in
  // an environment that an agent left behind must still run. Any other failure is an error.
  static Result<RankLink> open(const std::string& socket_path);

  bool supervised() const { return supervised_; }
  int fd() const { return fd_.get(); }  // -1: unsupervised or lost; readable when poll() has news

  // Queues the object as one line and writes what the socket takes now. kClosed: the agent is gone, or
  // has not read for kQueueLimitBytes; it stays so.
  Result<> send(const json::object& line);
  // The complete lines that have arrived; lines that are no JSON object are dropped with a warning.
  // kClosed after the agent's end: the rank's orders then are to stop.
  Result<std::vector<json::object>> poll();
  // Waits until all queued lines are written, at most timeout_ms.
  Result<> flush(const Clock& clock, int64_t timeout_ms);

  static constexpr size_t kQueueLimitBytes = 64u << 20;  // hours of step reports
  static constexpr size_t kLineLimitBytes = 1u << 20;

 private:
  Result<> write_some();
  Result<> read_some();
  Error lose(const std::string& why);

  bool supervised_ = false;
  UniqueFd fd_;
  std::string outgoing_;
  std::string incoming_;
};

}  // namespace longhaul::wire
