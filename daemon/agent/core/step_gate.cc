#include "daemon/agent/core/step_gate.h"

#include <limits>

namespace longhaul::daemon {

void StepGate::start(const std::vector<int>& ranks) {
  alive_ = std::set<int>(ranks.begin(), ranks.end());
  last_step_ = -1;
  held_.clear();
}

std::vector<std::string> StepGate::offer(int rank, int64_t step, std::string report) {
  if (step <= last_step_) return {};
  const bool speaker = alive_.empty() || rank <= *alive_.begin();
  if (speaker) {
    held_[step] = std::move(report);
    return release(step);
  }
  held_.emplace(step, std::move(report));
  return release(held_.rbegin()->first - 2);
}

std::vector<std::string> StepGate::rank_gone(int rank) {
  const bool speaker = !alive_.empty() && *alive_.begin() == rank;
  alive_.erase(rank);
  if (!speaker) return {};
  return release(std::numeric_limits<int64_t>::max());
}

std::vector<std::string> StepGate::release(int64_t up_to_step) {
  std::vector<std::string> reports;
  while (!held_.empty() && held_.begin()->first <= up_to_step) {
    last_step_ = held_.begin()->first;
    reports.push_back(std::move(held_.begin()->second));
    held_.erase(held_.begin());
  }
  return reports;
}

}  // namespace longhaul::daemon
