// The workings of decide(): one object per call that changes a copy of the state and collects actions.
// Used inside daemon/core only.
#pragma once

#include <string>

#include "daemon/core/decide.h"

namespace longhaul::daemon {

class Decider {
 public:
  Decider(const RunState& state, const Inputs& inputs, const Policy& policy);

  void on(const DaemonStarted& e);
  void on(const AgentConnected& e);
  void on(const AgentDisconnected& e);
  void on(const AgentDied& e);
  void on(const NodeSilent& e);
  void on(const RankExited& e);
  void on(const RankFailed& e);
  void on(const RanksRestored& e);
  void on(const FirstStep& e);
  void on(const CaughtUp& e);
  void on(const CheckpointSaved& e);
  void on(const CheckpointFailed& e);
  void on(const RankDone& e);
  void on(const ProgressStalled& e);
  void on(const DigestMismatch& e);
  void on(const RestoreFound& e);
  void on(const RestoreFailed& e);
  void on(const LaunchFailed& e);
  void on(const OperatorCommand& e);
  void on(const DeadlinePassed& e);

  bool is_news(const Inputs& inputs);
  Decision take() { return std::move(d_); }

 private:
  // transition.cc
  void account();  // books the time since the last call under the present status
  void move_to(RunStatus to, const std::string& reason, int64_t deadline_ms = 0);
  void halt(const std::string& reason, int exit_code = 3);
  void act(Action action) { d_.actions.push_back(std::move(action)); }
  void because(std::string reason) { d_.reasons.push_back(std::move(reason)); }
  void announce(Announce a) { act(std::move(a)); }

  // acquire.cc
  void begin_acquiring(const std::string& reason);
  void try_acquire();
  std::vector<std::string> choose_nodes() const;  // empty: not enough
  void start_missing_agents();
  void launch(const std::vector<std::string>& nodes, const std::string& resume);

  // recover.cc
  void fail(Incident incident, const std::string& reason);  // ranks run, and something went wrong
  void tell_incident();
  void continue_when_all_gone();  // after kRecovering or kDraining
  void finish_recovery();
  void finish_draining();
  void complete();
  void lose_ranks_of(const std::string& node);

  // operator.cc
  void pause(const OperatorCommand& e);
  void resume(const OperatorCommand& e);
  void try_again_after_halt(const std::string& reason);
  void stop(const OperatorCommand& e);
  void save(const OperatorCommand& e);
  void drain(Goal goal, const std::string& reason);
  void reply(bool accepted, const std::string& message) { d_.reply = Reply{accepted, message}; }

  bool ranks_run() const;  // a status in which ranks of the generation are expected to live
  bool all_gone() const;
  bool current(const Generation& g) const { return g == s().generation && !g.is_none(); }
  bool is_placed(const std::string& node) const;

  RunState& s() { return d_.next; }
  const RunState& s() const { return d_.next; }

  Decision d_;
  const int64_t now_;
  const Policy& policy_;
};

}  // namespace longhaul::daemon
