// What the operator asks for. Each command says at once whether it is accepted, and why not.
#include "daemon/core/decider.h"
#include "daemon/core/names.h"

namespace longhaul::daemon {

void Decider::on(const OperatorCommand& e) {
  because("operator " + e.who + " asks to " + e.command + (e.reason.empty() ? "" : ": " + e.reason));
  if (e.command == "pause") return pause(e);
  if (e.command == "resume") return resume(e);
  if (e.command == "stop") return stop(e);
  if (e.command == "checkpoint") return save(e);
  reply(false, "unknown command '" + e.command + "'; known are pause, resume, stop and checkpoint");
}

void Decider::pause(const OperatorCommand& e) {
  if (s().goal == Goal::kPause)
    return reply(true, s().status == RunStatus::kPaused ? "already paused" : "already pausing");
  if (s().goal == Goal::kStop) return reply(false, "the run is being stopped");
  if (s().status == RunStatus::kCompleted) return reply(false, "the run is complete");
  if (s().status == RunStatus::kHalted) return reply(false, "the run has halted: " + s().halt_reason);
  reply(true, "saving, then pausing");
  drain(Goal::kPause, "pause, asked for by " + e.who);
}

void Decider::resume(const OperatorCommand& e) {
  if (s().status == RunStatus::kPaused || s().status == RunStatus::kHalted) {
    reply(true, "resuming");
    return try_again_after_halt("resume, asked for by " + e.who);
  }
  if (s().goal == Goal::kPause) {  // still draining: let it finish, then go on
    s().goal = Goal::kRun;
    because("resume while pausing");
    return reply(true, "resuming as soon as the ranks have saved and left");
  }
  if (s().goal == Goal::kStop) return reply(false, "the run is being stopped");
  reply(false, "nothing to resume: the run is " + std::string(to_text(s().status)));
}

// Also after a pause: with everything that had been used up.
void Decider::try_again_after_halt(const std::string& reason) {
  s().goal = Goal::kRun;
  s().halt_reason.clear();
  s().halt_exit_code = 0;
  s().budget = policy_.restart_budget;
  s().failures_in_a_row = 0;
  s().last_signature.clear();
  s().last_signature_step = -1;
  s().retry_at_ms = 0;
  announce({.kind = "resumed",
            .severity = "info",
            .title = "The run goes on.",
            .detail = "Its operator asked for it.",
            .step = s().step});
  begin_acquiring(reason);
}

void Decider::stop(const OperatorCommand& e) {
  if (s().goal == Goal::kStop) return reply(true, "already stopping");
  reply(true, "saving, then stopping");
  if (s().status == RunStatus::kCompleted) {
    act(ShutdownAgents{});
    act(ExitDaemon{0});
    return;
  }
  drain(Goal::kStop, "stop, asked for by " + e.who);
}

void Decider::save(const OperatorCommand&) {
  if (s().status != RunStatus::kTraining) {
    return reply(false,
                 "a checkpoint can be taken while training; the run is " + std::string(to_text(s().status)));
  }
  reply(true, "the ranks save at their next step");
  act(TellAllRanks{s().generation, "checkpoint"});
}

void Decider::drain(Goal goal, const std::string& reason) {
  s().goal = goal;
  const bool running = ranks_run();
  if (running || s().status == RunStatus::kDraining) {
    if (running) act(StopAllRanks{s().generation, false, policy_.stop_grace_ms});
    return move_to(RunStatus::kDraining, reason, now_ + policy_.stop_grace_ms + policy_.agent_start_retry_ms);
  }
  if (s().status == RunStatus::kRecovering) return because("ranks are leaving already; " + reason);
  s().restore_pending = false;
  move_to(RunStatus::kDraining, reason);
  finish_draining();
}

}  // namespace longhaul::daemon
