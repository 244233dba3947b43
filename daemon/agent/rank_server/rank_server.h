// The Unix stream socket to which ranks report: one JSON object a line, either way. Who speaks is known
// from the kernel (peer credentials), not from what it says. A peer that sends what is no JSON object, or
// a line above the limit, is logged once and dropped; nothing it sends can harm the agent.
// One thread (the io_context's).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/core/result.h"
#include "base/json/json.h"
#include "daemon/agent/core/agent_command.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

inline constexpr size_t kMaxRankLineBytes = 64 * 1024;

class RankServer {
 public:
  // Which rank a process belongs to; nothing: a stranger, which is dropped.
  using Identify = std::function<std::optional<RankId>(pid_t)>;
  using OnReport = std::function<void(const RankId&, json::object)>;

  // Replaces a socket file left behind at `path` (at most 107 bytes long).
  static Result<std::unique_ptr<RankServer>> listen(boost::asio::io_context& io, const std::string& path,
                                                    Identify identify, OnReport on_report);
  ~RankServer();  // removes the socket file

  // Queued; dropped for a rank that is not connected or does not read. line: without the newline.
  void tell(const RankId& id, const std::string& line);
  // The rank has ended: on_report comes for all that it still had on the way, before this returns.
  void rank_gone(const RankId& id);

 private:
  struct Impl;
  explicit RankServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace longhaul::daemon
