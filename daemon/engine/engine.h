// Runs the core: pop → decide → persist → act. A decision is in the journal before any part of it is
// carried out. While the journal cannot be written (a full disk) nothing is decided: events wait in order,
// and training goes on. The simulator runs this same class over simulated ports.
// Thread-safety: one thread; ports are called from it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "daemon/core/decide.h"
#include "daemon/core/monitor.h"
#include "daemon/engine/ports.h"

namespace longhaul::daemon {

class Engine {
 public:
  // All must outlive the engine.
  Engine(const Policy& policy, const Clock& clock, Journal& journal, Actuator& actuator);

  // Takes up the journal's state. Call once, before anything else.
  Result<> load();

  void handle(const Event& event) { handle(event, SpoolPlace{}); }
  // An event that an agent's spool tells of: once decided upon, it is no news any more.
  struct SpoolPlace {
    std::string node;
    int64_t seq = 0;
  };
  void handle(const Event& event, const SpoolPlace& from);
  // Decides and persists at once, or says why not. dry_run: decides, and changes nothing.
  Reply command(const OperatorCommand& command, bool dry_run);

  // Observations; may lead to events.
  void observe_step(const Generation& generation, int64_t step);
  void observe_phase(const Generation& generation, const std::string& phase);
  // Call at least every 100 ms: deadlines, stalls, and events that wait for the journal.
  void tick();

  const RunState& state() const { return state_; }
  const Monitor& monitor() const { return monitor_; }
  // Why events wait; empty: they do not.
  const std::string& journal_trouble() const { return journal_trouble_; }

 private:
  struct Waiting {
    Event event;
    SpoolPlace from;
  };
  bool process(const Waiting& w, std::optional<Reply>* reply);
  void work_off();
  // Wall time at load plus the steady time since: a clock that jumps moves no deadline.
  int64_t now_ms() const;
  void watch_ranks();

  const Policy& policy_;
  const Clock& clock_;
  Journal& journal_;
  Actuator& actuator_;
  RunState state_;
  Monitor monitor_;
  std::deque<Waiting> waiting_;
  bool busy_ = false;
  int64_t origin_wall_ms_ = 0;
  int64_t origin_steady_ms_ = 0;
  int64_t last_tick_ms_ = 0;
  std::string journal_trouble_;
};

}  // namespace longhaul::daemon
