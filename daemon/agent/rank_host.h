// Owns the rank processes of this node: starts, signals and reaps them, and keeps ranks.json true.
// One thread (the io_context's), which must be the agent's main thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "config/run_config.h"
#include "daemon/agent/agent_paths.h"
#include "daemon/agent/core/agent_action.h"
#include "daemon/agent/process/exit_watch.h"
#include "daemon/agent/process/rank_launcher.h"
#include "daemon/agent/process/rank_records.h"
#include "daemon/agent/process/rendezvous_socket.h"

namespace longhaul::daemon {

struct StartAnswer {
  RankId id;
  int64_t pid = 0;      // 0: not started
  std::string failure;  // why not
};

class RankHost {
 public:
  struct Exit {
    RankId id;
    int exit_code = -1;
    int signal = 0;
    std::string last_stderr;
  };

  // records: what ranks.json holds now. on_exit comes from the event loop, once for each started rank, when
  // the rank is reaped and all that it had started is killed.
  RankHost(boost::asio::io_context& io, RankLauncher launcher, std::string records_path, RankRecords records,
           std::function<void(const Exit&)> on_exit);

  std::vector<StartAnswer> start(const LaunchCommand& launch);
  void terminate(const RankId& id);
  void kill(const RankId& id);
  // Its exit is on the disk: the next life need not report it.
  Result<> forget(const RankId& id);

  // Makes sure that a rendezvous socket is kept at `address`; its port.
  Result<int> keep_rendezvous(const std::string& address);
  int rendezvous_port() const { return rendezvous_.port(); }

 private:
  struct Running {
    RankId id;
    std::string error_log;
    int64_t error_log_offset = 0;
  };

  void ended(pid_t pid);
  StartAnswer start_one(const LaunchCommand& launch, const RankPlace& place);

  RankLauncher launcher_;
  std::string records_path_;
  RankRecords records_;
  std::function<void(const Exit&)> on_exit_;
  ExitWatch watch_;
  std::map<pid_t, Running> running_;
  std::string address_ = "127.0.0.1";
  RendezvousSocket rendezvous_;
};

}  // namespace longhaul::daemon
