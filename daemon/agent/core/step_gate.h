// Which step reports a node keeps: all its ranks report every step with the same global numbers, one
// entry a step is enough. The lowest living local rank speaks; what the others say waits, because the
// speaker may die after computing a step and before reporting it. The others' word is taken when the
// speaker is gone, or two steps later (ranks are never further apart than one step, so a speaker that
// says nothing until then says nothing at all: a foreign trainer may report from any rank).
// Pure; not thread-safe. Texts are opaque.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace longhaul::daemon {

class StepGate {
 public:
  // A new generation with these local ranks: steps start over.
  void start(const std::vector<int>& ranks);
  // The reports to keep now, in step order; each step comes out at most once.
  std::vector<std::string> offer(int rank, int64_t step, std::string report);
  std::vector<std::string> rank_gone(int rank);

 private:
  std::vector<std::string> release(int64_t up_to_step);

  std::set<int> alive_;
  int64_t last_step_ = -1;               // released
  std::map<int64_t, std::string> held_;  // by step, from ranks that are not the speaker
};

}  // namespace longhaul::daemon
