// What must hold after every event, whatever fails. A violation is a sentence with the time; the first one
// ends a simulation. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/decide.h"
#include "daemon/sim/events.h"
#include "daemon/sim/group.h"
#include "daemon/sim/store.h"

namespace longhaul::daemon::sim {

class Checks {
 public:
  Checks(const Events& events, const Store& store) : events_(events), store_(store) {}

  // Two generations may run under a partition, but only one ever steps or commits.
  void stepped(const Group& group, int64_t step);
  void saved(const Group& group, const std::string& path);
  // Only what is committed and trusted, and from nothing only while nothing was ever saved.
  void restored(const Group& group, const std::string& path);
  // Something that can be restored is always left.
  void deleted(const std::vector<std::string>& paths);
  // The accounts add up to wall time, exactly; counters never fall; the budget is respected.
  void decided(const RunState& before, const RunState& after);
  void fail(const std::string& what);

  const std::vector<std::string>& violations() const { return violations_; }

 private:
  const Events& events_;
  const Store& store_;
  Generation newest_stepped_;
  bool ever_saved_ = false;
  std::vector<std::string> violations_;
};

}  // namespace longhaul::daemon::sim
