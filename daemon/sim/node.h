// A simulated machine: its agent, which is the production agent core with a spool, and the processes of its
// ranks. What ranks compute together is the group's (group.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/agent/core/agent_core.h"
#include "daemon/sim/events.h"
#include "daemon/sim/messages.h"

namespace longhaul::daemon::sim {

class Node {
 public:
  struct Outside {
    // The processes of a launch on this node are up / one process is gone (its agent knows already).
    std::function<void(Node&, const LaunchCommand&)> started;
    std::function<void(Node&, const RankId&)> gone;
    std::function<void(Node&, const RankId&)> asked_to_end;
    std::function<void(Node&)> agent_left;  // its process has ended
    std::function<void(Node&, ToDaemon)> say;
    std::function<void(Node&)> connect;  // try to reach a daemon
  };
  Node(std::string name, AgentLimits limits, Events& events, Outside outside);

  const std::string& name() const { return name_; }
  bool up() const { return up_; }
  bool has_agent() const { return core_.has_value(); }
  bool can_be_reached() const { return up_ && !cut_off_; }
  void set_cut_off(bool yes) { cut_off_ = yes; }

  // --- the launcher's and fate's hands
  void start_agent();
  void kill_agent();  // and its ranks with it
  void ask_agent_to_end();
  void lose();  // the machine: processes gone at once, disks stay
  void come_back() { up_ = true; }

  // --- ranks
  bool alive(const RankId& id) const { return processes_.contains(id); }
  const std::map<RankId, int64_t>& processes() const { return processes_; }
  void end_process(const RankId& id, int exit_code, int signal);  // by itself, or by fate
  void tell(Entry entry);                                         // what a rank says, into the spool

  // --- the connection
  void hear(const ToAgent& message);
  void connection_lost();
  Hello hello() const;

 private:
  void execute(const AgentActions& actions);
  void send_spool();
  void plan_due();

  const std::string name_;
  const AgentLimits limits_;
  Events& events_;
  const Outside outside_;
  bool up_ = true;
  bool cut_off_ = false;

  // on the disk
  AgentMemory memory_;
  std::deque<Entry> spool_;
  int64_t next_seq_ = 1;
  std::map<RankId, bool> records_;  // ranks that were started and whose end is not in the spool

  // in memory
  std::optional<AgentCore> core_;
  int64_t life_ = 0;
  int64_t sent_seq_ = 0;
  bool welcomed_ = false;
  std::map<RankId, int64_t> processes_;  // → pid
  int64_t next_pid_ = 1000;
};

}  // namespace longhaul::daemon::sim
