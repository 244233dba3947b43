// Turns observations (steps and phases that ranks report by the thousand) into the few events the core
// decides on: the first step of a generation, the first step never done before, and silence that has
// lasted too long. How long is too long is learned: a multiple of the usual step, with a floor, so that
// neither a slow model nor a fast one needs a setting.
// Pure; one thread. Times are the caller's steady clock in ms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/event.h"
#include "daemon/core/policy.h"

namespace longhaul::daemon {

class Monitor {
 public:
  explicit Monitor(const Policy& policy) : policy_(policy) {}

  // A generation was launched, or found running by a daemon that took over (stepping: it was training).
  void watch(const Generation& generation, int64_t highest_step, bool stepping, int64_t now_ms);
  // No ranks are expected to make progress.
  void rest() { watching_ = false; }

  std::vector<Event> observe_step(const Generation& generation, int64_t step, int64_t now_ms);
  void observe_phase(const Generation& generation, const std::string& phase, int64_t now_ms);
  std::optional<Event> check(int64_t now_ms);
  // The observer itself stood still for so long (a suspended machine, a slow disk): nobody is blamed for it.
  void forgive(int64_t gap_ms) { progress_ms_ += gap_ms; }

  // Newest of the watched generation; 0: none yet; nothing: a daemon that took over has not heard one.
  std::optional<int64_t> step() const;
  int64_t highest_step() const { return highest_step_; }
  int64_t limit_ms() const;  // in force now; 0: none

 private:
  const Policy& policy_;
  Generation generation_;
  bool watching_ = false;
  bool stepping_ = false;
  bool told_ = false;  // one event per stall
  std::string phase_;
  int64_t step_ = 0;
  int64_t highest_step_ = 0;
  int64_t progress_ms_ = 0;   // when something last moved
  double usual_step_ms_ = 0;  // moving average; 0: not known yet
  bool caught_up_ = false;
};

}  // namespace longhaul::daemon
