// Everything the supervisor knows and has decided, as plain values. The journal keeps a snapshot of it;
// nothing in here is a handle, a clock or a thread. Units: *_ms are milliseconds, wall clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/generation.h"

namespace longhaul::daemon {

enum class RunStatus {
  kIdle,       // nothing runs, nothing is wanted
  kAcquiring,  // waiting for nodes, a backoff, or the choice of a checkpoint
  kLaunching,  // ranks are being started
  kRestoring,  // ranks are loading the checkpoint
  kTraining,
  kEvaluating,
  kCheckpointing,  // ranks are stopped at a step until a save has its snapshot
  kRecovering,     // something failed; waiting until every rank of the generation is known to be gone
  kDraining,       // ranks were asked to save and leave
  kPaused,         // by the operator
  kHalted,         // needs the operator
  kCompleted,
};

enum class NodeStatus { kUnknown, kHealthy, kSuspect, kDraining, kDown, kExcluded, kSpare };
enum class RankStatus { kAbsent, kStarting, kRestoring, kRunning, kExited, kHung };
enum class Goal { kRun, kPause, kStop };  // what the operator wants

struct NodeState {
  NodeStatus status = NodeStatus::kUnknown;
  bool connected = false;
  std::string instance;        // the agent's life that is or was connected
  int64_t lives = 0;           // different agents that connected from it
  int64_t connected_ms = 0;    // since when
  int64_t early_deaths = 0;    // in a row, each soon after it connected
  int64_t start_again_ms = 0;  // not before
  int64_t spool_seq = 0;       // newest entry of its agent's spool that is decided upon
};

struct RankState {
  int rank = 0;
  std::string node;
  RankStatus status = RankStatus::kAbsent;
  bool done = false;   // it said that the target was reached
  bool asked = false;  // exited because its agent had been told to stop it
  int exit_code = -1;  // of an exited rank; -1: signal, or lost with its node
  int signal = 0;
};

// What went wrong first, kept until the ranks step again.
struct Incident {
  Generation generation;  // that failed
  std::string kind;       // rank_died, agent_died, peer_lost, hang, launch_failed
  std::string node;
  int rank = -1;
  int64_t at_ms = 0;
  int64_t step = 0;                // highest step recorded when it happened
  std::optional<int64_t> at_step;  // newest step of the generation that failed; 0: it had done none
  std::string signature;           // equal for the same failure; empty: never the run's own fault
  bool told = false;               // published
  std::string detail;
};

struct CheckpointNote {
  int64_t step = 0;
  std::string path;
  int64_t saved_at_ms = 0;
  int64_t size_bytes = 0;
  Generation generation;
  int64_t duration_ms = 0;
  int64_t stall_ms = 0;  // training stood still
};

// Wall time by what it went into; the sum is the time since started_ms, exactly.
struct TimeUse {
  int64_t productive_ms = 0;
  int64_t rerun_ms = 0;       // steps done before, again
  int64_t restarting_ms = 0;  // from a failure, or the first start, to the next step
  int64_t checkpoint_ms = 0;  // training stood still for a save
  int64_t paused_ms = 0;
  int64_t waiting_ms = 0;  // halted, idle or completed
};

struct RunState {
  int64_t term = 0;
  RunStatus status = RunStatus::kIdle;
  int64_t status_since_ms = 0;
  Goal goal = Goal::kRun;
  Generation generation;
  int64_t branch = 0;

  std::map<std::string, NodeState> nodes;
  std::vector<RankState> ranks;  // of `generation`, by rank

  int64_t step = 0;              // newest step completed on this branch, as far as known
  int64_t highest_step = 0;      // highest ever recorded on this branch; above it, steps are new
  int64_t restored_step = 0;     // where `generation` began
  bool catching_up = false;      // below highest_step: steps are being redone
  bool restore_pending = false;  // FindRestore is out
  int64_t retry_at_ms = 0;       // kAcquiring: not before (backoff)
  int64_t deadline_ms = 0;       // of the present status; 0: none

  int64_t generations = 0;
  int64_t daemon_restarts = 0;
  int64_t lost_steps = 0;
  int64_t rolled_back_steps = 0;
  int64_t budget = 0;             // restarts in hand
  int64_t failures_in_a_row = 0;  // without a new step between them
  std::string last_signature;     // of the failure before, and where
  int64_t last_signature_step = -1;
  std::optional<Incident> incident;
  std::optional<CheckpointNote> last_checkpoint;
  std::vector<std::string> failed_saves;  // reasons told since the last save, of `generation`
  std::string state_digest;               // of the final state
  std::string last_mismatch;              // DigestMismatch::id of the newest one
  std::string halt_reason;
  int halt_exit_code = 0;

  int64_t started_ms = 0;
  int64_t accounted_ms = 0;  // time_use counts up to here
  TimeUse time_use;

  int64_t restarts() const { return generations > 0 ? generations - 1 : 0; }
};

}  // namespace longhaul::daemon
