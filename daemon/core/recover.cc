// From a failure to the point where every rank of the generation is known to be gone, and what then.
#include <algorithm>

#include "daemon/core/decider.h"

namespace longhaul::daemon {
namespace {

constexpr int kExitConfig = 2;
constexpr int kExitNoCheckpoint = 5;
constexpr int kExitStore = 74;     // the shared store could not be read: it is not the run's own fault
constexpr int kExitLostPeer = 75;  // a consequence of another death, never its cause

std::string how(const RankExited& e) {
  if (e.signal != 0) return "signal " + std::to_string(e.signal);
  if (e.exit_code == kExitStore) return "exit code 74, the store could not be read";
  if (e.exit_code < 0) return "it did not start";
  return "exit code " + std::to_string(e.exit_code);
}

std::string rank_and_node(int rank, const std::string& node) {
  return "Rank " + std::to_string(rank) + " on " + node;
}

Incident incident_of(const RankExited& e, int64_t now_ms) {
  Incident i{.generation = e.generation,
             .kind = "rank_died",
             .node = e.node,
             .rank = e.rank,
             .at_ms = now_ms,
             .step = e.highest_step,
             .at_step = e.at_step};
  i.detail = rank_and_node(e.rank, e.node) + ": " + how(e) + ".";
  // A signal comes from outside, a lost peer is somebody else's death, and a store may come back: none is the
  // run's own fault.
  if (e.signal == 0 && e.exit_code != kExitLostPeer && e.exit_code != kExitStore)
    i.signature = "exit " + std::to_string(e.exit_code);
  return i;
}

}  // namespace

void Decider::on(const RankExited& e) {
  if (!current(e.generation) || e.rank < 0 || e.rank >= static_cast<int>(s().ranks.size())) return;
  RankState& rank = s().ranks[static_cast<size_t>(e.rank)];
  if (rank.status == RankStatus::kExited) return;
  rank.status = RankStatus::kExited;
  rank.exit_code = e.exit_code;
  rank.signal = e.signal;
  rank.asked = e.asked;
  s().highest_step = std::max(s().highest_step, e.highest_step);

  const bool well = e.exit_code == 0 && e.signal == 0;
  // For the journal and the operator only: what a program prints is not for the public.
  if (!well && !e.last_stderr.empty())
    because(rank_and_node(e.rank, e.node) + " last said: " + e.last_stderr);
  if (!well && !e.asked && e.exit_code != kExitLostPeer && s().incident &&
      s().incident->kind == "peer_lost") {
    s().incident = incident_of(e, s().incident->at_ms);  // the cause behind the lost peers
  }
  if (!ranks_run()) return continue_when_all_gone();
  if (well) {
    if (all_gone())
      complete();
    else if (s().deadline_ms == 0)
      s().deadline_ms = now_ + policy_.stop_grace_ms;  // the others should follow
    return;
  }
  Incident incident = incident_of(e, now_);
  if (e.exit_code == kExitLostPeer) incident.kind = "peer_lost";
  fail(std::move(incident), rank_and_node(e.rank, e.node) + " died: " + how(e));
}

void Decider::on(const RankFailed& e) {
  if (!current(e.generation)) return;
  because("rank " + std::to_string(e.rank) + " says " + e.kind + ": " + e.message);
}

void Decider::on(const ProgressStalled& e) {
  if (!current(e.generation) || !ranks_run()) return;
  const std::string text = "no step for " + std::to_string(e.silent_ms) + " ms in phase '" + e.phase +
                           "' (limit " + std::to_string(e.limit_ms) + " ms)";
  fail({.kind = "hang",
        .at_ms = now_,
        .step = std::max(e.step.value_or(0), s().highest_step),
        .at_step = e.step,
        .signature = "hang",
        .detail = text},
       text);
}

void Decider::on(const DigestMismatch& e) {
  if (e.id == s().last_mismatch) return;
  s().last_mismatch = e.id;
  announce({.kind = "digest_mismatch",
            .severity = "error",
            .title = "A repeated step gave another loss.",
            .detail = e.detail,
            .step = e.step});
  if (ranks_run()) act(StopAllRanks{s().generation, true, 0});
  halt("step " + std::to_string(e.step) + " gave other bits when it was done again: " + e.detail, 5);
}

void Decider::fail(Incident incident, const std::string& reason) {
  // A launch that fails before it has stepped is judged by its own failure, not by the one before; how long
  // it takes until the ranks step again counts from the first.
  if (!s().incident || s().incident->generation != s().generation) {
    if (s().incident) incident.at_ms = s().incident->at_ms;
    incident.generation = s().generation;
    s().incident = std::move(incident);
  }
  if (s().incident->kind != "peer_lost") tell_incident();
  move_to(RunStatus::kRecovering, reason, now_ + policy_.agent_start_timeout_ms);
  act(StopAllRanks{s().generation, true, 0});
  continue_when_all_gone();
}

void Decider::tell_incident() {
  Incident& i = *s().incident;
  if (i.told) return;
  i.told = true;
  const std::string where = i.node.empty() ? "" : " on " + i.node;
  std::string title = "The ranks lost each other.";
  if (i.kind == "rank_died") title = "A rank died" + where + ".";
  if (i.kind == "agent_died") title = "The agent" + where + " died, and its ranks with it.";
  if (i.kind == "node_lost") title = "A node fell silent: " + i.node + ".";
  if (i.kind == "hang") title = "Training stood still.";
  if (i.kind == "launch_failed") title = "A launch failed.";
  announce({.kind = i.kind,
            .severity = "recovered",
            .title = title,
            .detail = i.detail,
            .step = i.step,
            .node = i.node});
}

void Decider::continue_when_all_gone() {
  if (!all_gone()) return;
  if (s().status == RunStatus::kRecovering) return finish_recovery();
  if (s().status == RunStatus::kDraining) return finish_draining();
}

void Decider::finish_recovery() {
  if (s().incident) tell_incident();
  if (s().goal != Goal::kRun) {
    move_to(RunStatus::kDraining, "the operator wants it so");
    return finish_draining();
  }
  for (const RankState& rank : s().ranks) {
    if (!policy_.exact_trainer) break;  // the codes below are our own trainer's
    if (rank.exit_code == kExitConfig)
      return halt("rank " + std::to_string(rank.rank) + " refused its configuration");
    if (rank.exit_code == kExitNoCheckpoint) return halt("no checkpoint could be loaded");
  }
  const Incident i = s().incident.value_or(Incident{});
  if (!i.signature.empty() && i.signature == s().last_signature && i.at_step &&
      *i.at_step == s().last_signature_step) {
    return halt("the same failure twice at step " + std::to_string(*i.at_step) + ": " + i.detail);
  }
  s().last_signature = i.signature;
  s().last_signature_step = i.at_step.value_or(-1);
  if (s().budget <= 0) return halt("the restart budget is used up without progress: " + i.detail);
  --s().budget;
  const int64_t doublings = std::min<int64_t>(s().failures_in_a_row, 20);
  const int64_t wait = s().failures_in_a_row == 0
                           ? 0
                           : std::min(policy_.backoff_ms << (doublings - 1), policy_.backoff_max_ms);
  ++s().failures_in_a_row;
  s().retry_at_ms = now_ + wait;
  begin_acquiring("every rank is gone; start again" +
                  (wait > 0 ? " in " + std::to_string(wait) + " ms" : ""));
}

void Decider::finish_draining() {
  s().incident.reset();
  if (s().goal == Goal::kRun) return begin_acquiring("resumed while it was pausing");
  if (s().goal == Goal::kPause) {
    move_to(RunStatus::kPaused, "all ranks have left");
    announce({.kind = "paused",
              .severity = "info",
              .title = "The run is paused.",
              .detail = "Its operator asked for it.",
              .step = s().step});
    return;
  }
  move_to(RunStatus::kIdle, "all ranks have left");
  announce({.kind = "stopped",
            .severity = "info",
            .title = "The run was stopped by its operator.",
            .detail = "It goes on from its last checkpoint when it is started again.",
            .step = s().step});
  act(ShutdownAgents{});
  act(ExitDaemon{s().halt_exit_code});  // of a halt before it
}

// All ranks left with exit 0, without being asked.
void Decider::complete() {
  const auto done = [&](const RankState& r) { return policy_.exact_trainer ? r.done : !r.asked; };
  if (!std::all_of(s().ranks.begin(), s().ranks.end(), done)) {
    return fail({.kind = "rank_died",
                 .node = s().ranks.front().node,
                 .at_ms = now_,
                 .step = s().highest_step,
                 .detail = "The ranks saved and left though nobody here had asked them to."},
                "the ranks were stopped from outside");
  }
  s().incident.reset();
  move_to(RunStatus::kCompleted, "the target is reached");
  announce({.kind = "completed",
            .severity = "good",
            .title = "Training is complete.",
            .detail = "All " + std::to_string(s().step) + " steps are done.",
            .step = s().step});
  act(ShutdownAgents{});
  if (policy_.exit_when_done) act(ExitDaemon{0});
}

void Decider::lose_ranks_of(const std::string& node) {
  for (RankState& rank : s().ranks) {
    if (rank.node != node || rank.status == RankStatus::kExited) continue;
    rank.status = RankStatus::kExited;
    rank.exit_code = -1;
    rank.signal = 0;
  }
}

}  // namespace longhaul::daemon
