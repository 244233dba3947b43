// The fields of the state, events and actions, for base/json/fields.h: the journal writes and reads them.
// No dependency on JSON here: a visitor is called with each name and member.
#pragma once

#include <type_traits>

#include "daemon/core/action.h"
#include "daemon/core/event.h"
#include "daemon/core/names.h"
#include "daemon/core/run_state.h"

#define LH_FIELDS(Type, ...)                                                      \
  template <class V, class S>                                                     \
  void fields(V& v, S& s) requires std::is_same_v<std::remove_const_t<S>, Type> { \
    [[maybe_unused]] const auto f = [&](const char* n, auto& m) { v(n, m); };     \
    __VA_ARGS__;                                                                  \
  }

namespace longhaul {

LH_FIELDS(Generation, f("term", s.term), f("sequence", s.sequence))

}  // namespace longhaul

namespace longhaul::daemon {

LH_FIELDS(NodeState, f("status", s.status), f("connected", s.connected), f("instance", s.instance),
          f("lives", s.lives), f("connected_ms", s.connected_ms), f("early_deaths", s.early_deaths),
          f("start_again_ms", s.start_again_ms), f("spool_seq", s.spool_seq))
LH_FIELDS(RankState, f("rank", s.rank), f("node", s.node), f("status", s.status), f("done", s.done),
          f("asked", s.asked), f("exit_code", s.exit_code), f("signal", s.signal))
LH_FIELDS(Incident, f("generation", s.generation), f("kind", s.kind), f("node", s.node), f("rank", s.rank),
          f("at_ms", s.at_ms), f("step", s.step), f("at_step", s.at_step), f("signature", s.signature),
          f("told", s.told), f("detail", s.detail))
LH_FIELDS(CheckpointNote, f("generation", s.generation), f("step", s.step), f("path", s.path),
          f("saved_at_ms", s.saved_at_ms), f("size_bytes", s.size_bytes), f("duration_ms", s.duration_ms),
          f("stall_ms", s.stall_ms))
LH_FIELDS(TimeUse, f("productive_ms", s.productive_ms), f("rerun_ms", s.rerun_ms),
          f("restarting_ms", s.restarting_ms), f("checkpoint_ms", s.checkpoint_ms),
          f("paused_ms", s.paused_ms), f("waiting_ms", s.waiting_ms))
LH_FIELDS(RunState, f("term", s.term), f("status", s.status), f("status_since_ms", s.status_since_ms),
          f("goal", s.goal), f("generation", s.generation), f("branch", s.branch), f("nodes", s.nodes),
          f("ranks", s.ranks), f("step", s.step), f("highest_step", s.highest_step),
          f("restored_step", s.restored_step), f("catching_up", s.catching_up),
          f("restore_pending", s.restore_pending), f("retry_at_ms", s.retry_at_ms),
          f("deadline_ms", s.deadline_ms), f("generations", s.generations),
          f("daemon_restarts", s.daemon_restarts), f("lost_steps", s.lost_steps),
          f("rolled_back_steps", s.rolled_back_steps), f("budget", s.budget),
          f("failures_in_a_row", s.failures_in_a_row), f("last_signature", s.last_signature),
          f("last_signature_step", s.last_signature_step), f("incident", s.incident),
          f("last_checkpoint", s.last_checkpoint), f("failed_saves", s.failed_saves),
          f("state_digest", s.state_digest), f("last_mismatch", s.last_mismatch),
          f("halt_reason", s.halt_reason), f("halt_exit_code", s.halt_exit_code),
          f("started_ms", s.started_ms), f("accounted_ms", s.accounted_ms), f("time_use", s.time_use))

LH_FIELDS(DaemonStarted, f("term", s.term), f("fresh", s.fresh), f("highest_step", s.highest_step))
LH_FIELDS(SeenRank, f("rank", s.rank), f("generation", s.generation), f("alive", s.alive))
LH_FIELDS(AgentConnected, f("node", s.node), f("instance", s.instance), f("ranks", s.ranks))
LH_FIELDS(AgentDisconnected, f("node", s.node))
LH_FIELDS(AgentDied, f("node", s.node))
LH_FIELDS(NodeSilent, f("node", s.node), f("silent_ms", s.silent_ms))
LH_FIELDS(RankExited, f("generation", s.generation), f("rank", s.rank), f("node", s.node),
          f("exit_code", s.exit_code), f("signal", s.signal), f("asked", s.asked),
          f("highest_step", s.highest_step), f("last_stderr", s.last_stderr), f("at_step", s.at_step))
LH_FIELDS(RankFailed, f("generation", s.generation), f("rank", s.rank), f("kind", s.kind),
          f("message", s.message))
LH_FIELDS(RanksRestored, f("generation", s.generation), f("step", s.step), f("highest_step", s.highest_step),
          f("path", s.path), f("rejected", s.rejected), f("reasons", s.reasons),
          f("unreadable", s.unreadable))
LH_FIELDS(FirstStep, f("generation", s.generation), f("step", s.step))
LH_FIELDS(CaughtUp, f("generation", s.generation), f("step", s.step))
LH_FIELDS(CheckpointSaved, f("generation", s.generation), f("step", s.step), f("path", s.path),
          f("size_bytes", s.size_bytes), f("duration_ms", s.duration_ms), f("stall_ms", s.stall_ms))
LH_FIELDS(CheckpointFailed, f("generation", s.generation), f("step", s.step), f("message", s.message))
LH_FIELDS(RankDone, f("generation", s.generation), f("rank", s.rank), f("step", s.step),
          f("state_digest", s.state_digest))
LH_FIELDS(ProgressStalled, f("generation", s.generation), f("silent_ms", s.silent_ms),
          f("limit_ms", s.limit_ms), f("phase", s.phase), f("step", s.step))
LH_FIELDS(DigestMismatch, f("id", s.id), f("step", s.step), f("detail", s.detail))
LH_FIELDS(RestoreFound, f("path", s.path), f("step", s.step))
LH_FIELDS(RestoreFailed, f("damaged", s.damaged), f("reason", s.reason))
LH_FIELDS(LaunchFailed, f("generation", s.generation), f("reason", s.reason))
LH_FIELDS(OperatorCommand, f("command", s.command), f("who", s.who), f("reason", s.reason))
LH_FIELDS(DeadlinePassed, (void)s)

LH_FIELDS(StartAgent, f("node", s.node))
LH_FIELDS(FenceNode, f("node", s.node))
LH_FIELDS(AskAgain, f("node", s.node))
LH_FIELDS(FindRestore, f("branch", s.branch))
LH_FIELDS(Placement, f("rank", s.rank), f("node", s.node))
LH_FIELDS(LaunchRanks, f("generation", s.generation), f("branch", s.branch), f("placements", s.placements),
          f("resume", s.resume), f("restarts", s.restarts))
LH_FIELDS(StopAllRanks, f("generation", s.generation), f("force", s.force), f("grace_ms", s.grace_ms))
LH_FIELDS(TellAllRanks, f("generation", s.generation), f("command", s.command))
LH_FIELDS(DistrustCheckpoint, f("path", s.path), f("reason", s.reason))
LH_FIELDS(ApplyRetention, (void)s)
LH_FIELDS(ShutdownAgents, (void)s)
LH_FIELDS(ExitDaemon, f("exit_code", s.exit_code))
LH_FIELDS(Announce, f("kind", s.kind), f("severity", s.severity), f("title", s.title), f("detail", s.detail),
          f("step", s.step), f("to_step", s.to_step), f("lost_steps", s.lost_steps), f("cost_s", s.cost_s),
          f("node", s.node))

}  // namespace longhaul::daemon

#undef LH_FIELDS
