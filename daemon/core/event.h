// What can happen, as a closed set of plain values. Observations that come by the thousand (steps,
// heartbeats) are not events: daemon/core/monitor.h turns them into the few that are. Every event about
// ranks carries its generation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/core/generation.h"

namespace longhaul::daemon {

// A daemon took over, with what it found recorded.
struct DaemonStarted {
  int64_t term = 0;
  int64_t highest_step = 0;  // in the history
  bool fresh = false;        // a person started it; false: a keeper started it again
};

// A rank as its agent listed it when it connected.
struct SeenRank {
  int rank = 0;
  std::string generation;
  bool alive = false;
};
struct AgentConnected {
  std::string node;
  std::string instance;
  std::vector<SeenRank> ranks;
};
struct AgentDisconnected {  // the connection is gone; the agent may live
  std::string node;
};
struct AgentDied {  // first-hand: the launcher saw that the process is gone
  std::string node;
};
struct NodeSilent {  // no word for too long
  std::string node;
  int64_t silent_ms = 0;
};

struct RankExited {
  Generation generation;
  int rank = 0;
  std::string node;
  int exit_code = -1;
  int signal = 0;
  bool asked = false;
  int64_t highest_step = 0;  // recorded when this was learned
  std::string last_stderr;
  std::optional<int64_t> at_step;  // newest step of its generation then; 0: none yet
};
struct RankFailed {  // its own words before it exits: evidence, not yet a death
  Generation generation;
  int rank = 0;
  std::string kind;
  std::string message;
};
struct RanksRestored {
  Generation generation;
  int64_t step = 0;
  int64_t highest_step = 0;
  std::string path;                   // empty: started from nothing
  std::vector<std::string> rejected;  // checkpoints that did not load, newest first
  std::vector<std::string> reasons;   // why, in the same order
  // Those of `rejected` that are not known to be damaged: a rank could not read them this time.
  std::vector<std::string> unreadable;
};
struct FirstStep {
  Generation generation;
  int64_t step = 0;
};
struct CaughtUp {  // the first step that was never done before
  Generation generation;
  int64_t step = 0;
};
struct CheckpointSaved {
  Generation generation;
  int64_t step = 0;
  std::string path;
  int64_t size_bytes = 0;
  int64_t duration_ms = 0;
  int64_t stall_ms = 0;
};
struct CheckpointFailed {  // training goes on without it
  Generation generation;
  int64_t step = 0;
  std::string message;
};
struct RankDone {
  Generation generation;
  int rank = 0;
  int64_t step = 0;
  std::string state_digest;  // rank 0's; empty from others
};
struct ProgressStalled {
  Generation generation;
  int64_t silent_ms = 0;
  int64_t limit_ms = 0;
  std::string phase;
  std::optional<int64_t> step;  // newest one; nothing: not known
};
struct DigestMismatch {  // a step done again gave other bits
  std::string id;        // told again, after a crash of the daemon, it has the same
  int64_t step = 0;
  std::string detail;
};

struct RestoreFound {
  std::string path;  // empty: no checkpoint yet, start from nothing
  int64_t step = 0;
};
struct RestoreFailed {
  std::string reason;
  bool damaged = false;  // the store can be read: nothing in it can be used
};
struct LaunchFailed {
  Generation generation;
  std::string reason;
};

struct OperatorCommand {
  std::string command;  // pause, resume, stop, checkpoint
  std::string who;
  std::string reason;
};
struct DeadlinePassed {};

using Event = std::variant<DaemonStarted, AgentConnected, AgentDisconnected, AgentDied, NodeSilent,
                           RankExited, RankFailed, RanksRestored, FirstStep, CaughtUp, CheckpointSaved,
                           CheckpointFailed, RankDone, ProgressStalled, DigestMismatch, RestoreFound,
                           RestoreFailed, LaunchFailed, OperatorCommand, DeadlinePassed>;

}  // namespace longhaul::daemon
