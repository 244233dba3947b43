// One node's agent: the pure core (what to do) wired to processes, the ranks' socket, the spool and the
// link to the daemon (how it is done). One thread: the program's main thread runs the io_context.
#pragma once

#include <memory>
#include <string>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "config/run_config.h"
#include "daemon/agent/agent_paths.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

struct AgentOptions {
  std::string node;
  std::string run_directory;  // absolute
  std::string trainer;        // path of longhaul-trainer
  std::string address;        // how other nodes reach this one; empty: found out from the route to the daemon
  int64_t interval_ms = 500;  // between heartbeats
};

class Agent {
 public:
  // Ends what an earlier life left running, reports it, opens spool and socket. The caller holds the node's
  // lock. The io_context stops when the agent leaves.
  static Result<std::unique_ptr<Agent>> create(boost::asio::io_context& io, AgentOptions options,
                                               const config::RunConfig& config, const AgentPaths& paths,
                                               const Clock& clock);
  ~Agent();

  void start();
  // SIGTERM: ranks are asked to save and end; the second time they are killed.
  void terminate();

 private:
  struct Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::daemon
