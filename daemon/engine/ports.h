// What the engine needs from the world: somewhere to write decisions down, and hands to carry them out.
// The daemon gives it SQLite and sockets, the simulator simulated ones.
#pragma once

#include <optional>
#include <string>

#include "base/core/result.h"
#include "daemon/core/decide.h"

namespace longhaul::daemon {

class Journal {
 public:
  virtual ~Journal() = default;
  // The state after the last appended decision; nothing for a new run.
  virtual Result<std::optional<RunState>> load() = 0;
  // Durable when it returns. The number counts up over all lives of the daemon.
  virtual Result<int64_t> append(const Event& event, const Inputs& inputs, const Decision& decision) = 0;
};

class Actuator {
 public:
  virtual ~Actuator() = default;
  // id: unique per action over all lives of the daemon ("3.17.0": term, journal entry and place in it).
  virtual void act(const Action& action, const std::string& id) = 0;
};

}  // namespace longhaul::daemon
