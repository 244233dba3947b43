// Restored, stepping, saved, done: what the ranks achieve.
#include <algorithm>
#include <iterator>

#include "daemon/core/decider.h"

namespace longhaul::daemon {
namespace {

constexpr size_t kMostFailedSaves = 16;  // reasons told in a row: more say nothing new

}  // namespace

void Decider::on(const RanksRestored& e) {
  // Once per generation: after a crash of the daemon the agent may tell it again.
  if (!current(e.generation) || s().status != RunStatus::kLaunching) return;
  s().highest_step = std::max(s().highest_step, e.highest_step);
  s().restored_step = s().step = e.step;
  s().catching_up = s().highest_step > e.step;
  if (s().generations > 1) s().lost_steps += std::max<int64_t>(0, s().highest_step - e.step);
  for (RankState& rank : s().ranks) {
    if (rank.status == RankStatus::kStarting) rank.status = RankStatus::kRestoring;
  }
  for (size_t i = 0; i < e.rejected.size(); ++i) {
    const std::string why = i < e.reasons.size() ? e.reasons[i] : "it could not be loaded";
    const bool damaged =
        std::find(e.unreadable.begin(), e.unreadable.end(), e.rejected[i]) == e.unreadable.end();
    if (damaged) act(DistrustCheckpoint{e.rejected[i], why});
    announce({.kind = "checkpoint_rejected",
              .severity = damaged ? "error" : "recovered",
              .title = damaged ? "A checkpoint was damaged and is not used."
                               : "A checkpoint could not be read and is not used this time.",
              .detail = why,
              .step = e.step});
  }
  move_to(RunStatus::kRestoring, "restored step " + std::to_string(e.step), s().deadline_ms);
}

void Decider::on(const FirstStep& e) {
  if (!current(e.generation) || !ranks_run()) return;
  for (RankState& rank : s().ranks) {
    if (rank.status != RankStatus::kExited) rank.status = RankStatus::kRunning;
  }
  s().step = e.step;
  move_to(RunStatus::kTraining, "step " + std::to_string(e.step));
  if (!s().incident) return;
  const int64_t lost = std::max<int64_t>(0, s().highest_step - s().restored_step);
  Announce a{.kind = "restored", .severity = "recovered", .step = s().restored_step};
  a.title = "Training goes on from step " + std::to_string(s().restored_step) + ".";
  if (lost > 0) {
    a.to_step = s().highest_step;
    a.detail = std::to_string(lost) + (lost == 1 ? " step is" : " steps are") + " being redone.";
  }
  a.lost_steps = lost;
  a.cost_s = static_cast<double>(std::max<int64_t>(0, now_ - s().incident->at_ms)) / 1000.0;
  announce(std::move(a));
  s().incident.reset();
}

void Decider::on(const CaughtUp& e) {
  if (!current(e.generation)) return;
  s().catching_up = false;
  s().step = std::max(s().step, e.step);
  s().highest_step = std::max(s().highest_step, e.step);
  s().failures_in_a_row = 0;
}

void Decider::on(const CheckpointSaved& e) {
  if (e.generation.term > s().term) return;
  if (const auto& last = s().last_checkpoint) {  // told twice, after a crash of the daemon
    if (e.generation < last->generation || (e.generation == last->generation && e.step <= last->step)) return;
  }
  s().step = std::max(s().step, e.step);
  s().highest_step = std::max(s().highest_step, e.step);
  s().last_checkpoint =
      CheckpointNote{e.step, e.path, now_, e.size_bytes, e.generation, e.duration_ms, e.stall_ms};
  s().failed_saves.clear();
  s().budget = std::min(policy_.restart_budget, s().budget + 1);
  const int64_t stall = std::clamp<int64_t>(e.stall_ms, 0, s().time_use.productive_ms);
  s().time_use.productive_ms -= stall;
  s().time_use.checkpoint_ms += stall;
  announce({.kind = "checkpoint_saved",
            .severity = "good",
            .title = "Saved step " + std::to_string(e.step) + ".",
            .step = e.step,
            .cost_s = static_cast<double>(e.stall_ms) / 1000.0});
  act(ApplyRetention{});
  start_missing_agents();  // a spare that had to wait gets its turn
}

// Every save fails while the disk is full: the same reason is told once, whatever step it names.
void Decider::on(const CheckpointFailed& e) {
  if (!current(e.generation)) return;
  s().step = std::max(s().step, e.step);
  s().highest_step = std::max(s().highest_step, e.step);
  std::string reason;
  std::copy_if(e.message.begin(), e.message.end(), std::back_inserter(reason),
               [](char c) { return c < '0' || c > '9'; });
  std::vector<std::string>& told = s().failed_saves;
  if (told.size() >= kMostFailedSaves || std::find(told.begin(), told.end(), reason) != told.end()) return;
  told.push_back(std::move(reason));
  announce({.kind = "checkpoint_failed",
            .severity = "error",
            .title = "Step " + std::to_string(e.step) + " could not be saved; training goes on.",
            .detail = e.message,
            .step = e.step});
}

void Decider::on(const RankDone& e) {
  if (!current(e.generation) || e.rank < 0 || e.rank >= static_cast<int>(s().ranks.size())) return;
  // Ranks that were stopped say it too, at the step where they stopped.
  if (e.step >= policy_.target_steps) s().ranks[static_cast<size_t>(e.rank)].done = true;
  s().step = std::max(s().step, e.step);
  s().highest_step = std::max(s().highest_step, e.step);
  if (!e.state_digest.empty()) s().state_digest = e.state_digest;
}

}  // namespace longhaul::daemon
