// What the engine needs from the world: somewhere to write decisions down, and hands to carry them out.
// The daemon gives it SQLite and sockets, the simulator simulated ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "daemon/core/decide.h"

namespace longhaul::daemon {

// Names an action over all lives of the daemon: "3.17.0" is the first one of journal entry 17, of term 3.
struct ActionId {
  int64_t term = 0;
  int64_t entry = 0;
  int64_t place = 0;

  std::string text() const {
    return std::to_string(term) + "." + std::to_string(entry) + "." + std::to_string(place);
  }
  // Rises from each action to the next.
  int64_t position() const { return entry * kMostActions + place; }
  static constexpr int64_t kMostActions = 1 << 16;  // of one decision
};

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
  virtual void act(const Action& action, const ActionId& id) = 0;
};

}  // namespace longhaul::daemon
