// What an agent does with commands, deaths and silence. Pure: time is an argument, effects are returned.
//
// Intuition: an agent obeys exactly one daemon, the newest it has met, and runs exactly one generation,
// the newest it was told to launch. Everything older is refused and counted. A newer launch ends the
// older ranks first and starts its own only when the last of them is reaped, so that two generations
// never share this node's ports or accelerators. Without a daemon for orphan_timeout_ms the ranks are
// stopped, because nobody would notice if they hung, and the agent leaves: a daemon that comes starts
// another.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/agent/core/agent_action.h"
#include "daemon/agent/core/agent_command.h"

namespace longhaul::daemon {

// What an agent must not forget when it dies.
struct AgentMemory {
  int64_t term = 0;
  std::string uuid;
  Generation newest;  // launched
};

struct AgentLimits {
  int64_t orphan_timeout_ms = 600'000;
  int64_t stop_grace_ms = 60'000;  // when the agent stops ranks on its own account
  size_t remembered_ids = 4096;
};

enum class ProcessState { kStarting, kRunning, kExited };

struct RankView {
  RankId id;
  int64_t pid = 0;
  ProcessState state = ProcessState::kStarting;
  std::string phase;
  int64_t step = -1;
};

// refusal: why nothing was done. duplicate: the command was obeyed before; nothing to say.
struct AgentOutcome {
  AgentActions actions;
  std::optional<std::string> refusal;
  bool duplicate = false;
};

class AgentCore {
 public:
  AgentCore(AgentLimits limits, AgentMemory memory, int64_t now_ms);

  // A daemon introduced itself; refused: a lower term, or a second UUID for one term.
  AgentOutcome meet_daemon(int64_t term, const std::string& uuid);
  void daemon_lost(int64_t now_ms);
  AgentOutcome handle(const AgentCommand& command, int64_t now_ms);
  // The agent itself is asked to end: stop the ranks with grace, then Leave.
  AgentActions terminate(int64_t now_ms);
  // The run is gone: kill, then Leave.
  AgentActions abandon();

  void rank_started(const RankId& id, int64_t pid);
  AgentActions rank_failed(const RankId& id, const std::string& reason);
  AgentActions rank_exited(const RankId& id, int exit_code, int signal);
  // Empty phase, negative step: not mentioned in the report.
  void rank_reported(const RankId& id, const std::string& phase, int64_t step);

  // Acts on deadlines that have passed; next_due: when to ask again.
  AgentActions due(int64_t now_ms);
  std::optional<int64_t> next_due() const;

  const AgentMemory& memory() const { return memory_; }
  int64_t refused() const { return refused_; }
  bool leaving() const { return leaving_; }
  bool any_live() const;  // ranks of any generation
  // Live ranks of all generations and the exited ones of the newest.
  std::vector<RankView> ranks() const;
  std::optional<RankId> find_pid(int64_t pid) const;
  bool knows(const RankId& id) const { return ranks_.count(id) != 0; }

 private:
  struct Rank {
    int64_t pid = 0;
    ProcessState state = ProcessState::kStarting;
    std::string phase;
    int64_t step = -1;
    bool asked = false;
    bool killed = false;
    std::optional<int64_t> kill_at_ms;  // set once SIGTERM was sent
  };

  AgentOutcome refuse(std::string reason);
  std::optional<std::string> why_not(const LaunchCommand& command) const;
  AgentOutcome obey(const LaunchCommand& command, int64_t now_ms);
  AgentOutcome obey(const StopCommand& command, int64_t now_ms);
  AgentOutcome obey(const TellCommand& command, int64_t now_ms);
  AgentOutcome obey(const ShutdownCommand& command, int64_t now_ms);
  bool remember_id(const std::string& id);
  void stop_up_to(const Generation& generation, int64_t kill_at_ms, AgentActions& actions);
  void kill_up_to(const Generation& generation, AgentActions& actions);
  void drop_pending(const Generation& generation, AgentActions& actions);
  void end_rank(const RankId& id, RecordExit record, AgentActions& actions);
  void when_quiet(AgentActions& actions);

  AgentLimits limits_;
  AgentMemory memory_;
  Generation fenced_;  // told to end: nothing up to here may start any more
  std::map<RankId, Rank> ranks_;
  std::optional<LaunchCommand> pending_;  // waits until the older ranks are reaped
  std::set<std::string> seen_ids_;
  std::deque<std::string> seen_order_;
  std::optional<int64_t> alone_since_ms_;  // no daemon since
  bool leaving_ = false;
  int64_t refused_ = 0;
};

}  // namespace longhaul::daemon
