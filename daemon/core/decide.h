// The whole of the supervisor's judgement, as one pure function: the same state, event, inputs and policy
// always give the same decision. No clock, socket, file, thread or log in here; the engine persists the
// decision before it acts on it.
//
// Reading order: decide.cc (which event goes where), acquire.cc (from nothing to a launch), recover.cc
// (from a failure to "every rank is known to be gone"), agents.cc, progress.cc, operator.cc, transition.cc
// (the one place where the run's status changes).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/event.h"
#include "daemon/core/policy.h"
#include "daemon/core/run_state.h"

namespace longhaul::daemon {

struct Inputs {
  int64_t now_ms = 0;      // wall clock
  std::string spool_node;  // whose agent's spool tells of the event; empty: none's
  int64_t spool_seq = 0;   // in which entry
};

// The answer to an operator.
struct Reply {
  bool accepted = false;
  std::string message;
};

struct Transition {
  RunStatus from;
  RunStatus to;
  std::string reason;
};

struct Decision {
  RunState next;
  std::vector<Action> actions;
  std::vector<Transition> transitions;
  std::vector<std::string> reasons;  // why, in words, for the journal
  std::optional<Reply> reply;        // to an OperatorCommand
};

Decision decide(const RunState& state, const Event& event, const Inputs& inputs, const Policy& policy);

}  // namespace longhaul::daemon
