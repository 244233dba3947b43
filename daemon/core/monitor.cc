#include "daemon/core/monitor.h"

#include <algorithm>

namespace longhaul::daemon {
namespace {

constexpr int64_t kSlowPhaseFactor = 10;

}  // namespace

void Monitor::watch(const Generation& generation, int64_t highest_step, bool stepping, int64_t now_ms) {
  if (watching_ && generation == generation_) return;
  generation_ = generation;
  watching_ = true;
  stepping_ = stepping;
  told_ = false;
  phase_.clear();
  step_ = 0;
  highest_step_ = std::max(highest_step_, highest_step);
  progress_ms_ = now_ms;
  caught_up_ = false;
}

std::vector<Event> Monitor::observe_step(const Generation& generation, int64_t step, int64_t now_ms) {
  std::vector<Event> events;
  if (!watching_ || generation != generation_) {
    highest_step_ =
        std::max(highest_step_, step);  // the last steps of a group that has failed come after its death
    return events;
  }
  if (step <= step_) return events;
  if (stepping_ && step_ > 0) {
    const double took = static_cast<double>(now_ms - progress_ms_) / static_cast<double>(step - step_);
    usual_step_ms_ = usual_step_ms_ == 0 ? took : usual_step_ms_ + 0.1 * (took - usual_step_ms_);
  }
  if (!stepping_) events.push_back(FirstStep{generation, step});
  stepping_ = true;
  phase_ = "train";
  step_ = step;
  progress_ms_ = now_ms;
  told_ = false;
  if (step > highest_step_) {
    highest_step_ = step;
    if (!caught_up_) events.push_back(CaughtUp{generation, step});
    caught_up_ = true;
  }
  return events;
}

void Monitor::observe_phase(const Generation& generation, const std::string& phase, int64_t now_ms) {
  if (!watching_ || generation != generation_ || phase == phase_) return;
  phase_ = phase;
  progress_ms_ = now_ms;
  told_ = false;
}

std::optional<int64_t> Monitor::step() const {
  if (stepping_ && step_ == 0) return std::nullopt;
  return step_;
}

int64_t Monitor::limit_ms() const {
  if (!watching_ || !stepping_) return 0;  // until the first step the core's own start deadline holds
  // A save or a last digest takes as long as the store lets it: the ranks have deadlines of their own there.
  if (phase_ == "checkpoint" || phase_ == "verify" || phase_ == "done")
    return kSlowPhaseFactor * policy_.step_timeout_floor_ms;
  return std::max(policy_.step_timeout_floor_ms,
                  static_cast<int64_t>(policy_.step_timeout_factor * usual_step_ms_));
}

std::optional<Event> Monitor::check(int64_t now_ms) {
  const int64_t limit = limit_ms();
  const int64_t silent = now_ms - progress_ms_;
  if (limit == 0 || told_ || silent <= limit) return std::nullopt;
  told_ = true;
  return ProgressStalled{generation_, silent, limit, phase_, step()};
}

}  // namespace longhaul::daemon
