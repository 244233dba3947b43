// The ranks of one launch and what they do together: find each other, restore, step, save. A step needs all
// of them; when one is gone the others notice and leave with exit code 75. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/agent/core/agent_command.h"
#include "daemon/sim/events.h"
#include "daemon/sim/node.h"
#include "daemon/sim/spec.h"
#include "daemon/sim/store.h"

namespace longhaul::daemon::sim {

class Group {
 public:
  struct Setting {
    Generation generation;
    int64_t branch = 0;
    int world_size = 0;
    std::string resume;
    int64_t target_steps = 0;
    uint64_t seed = 0;
  };
  // What checks watch.
  struct Watch {
    std::function<void(const Group&, int64_t step)> stepped;
    std::function<void(const Group&, const std::string& path)> restored;
    std::function<void(const Group&, const std::string& path)> saved;
  };
  Group(Setting setting, const Spec& spec, Events& events, Store& store, Watch watch);

  const Setting& setting() const { return setting_; }
  int64_t step() const { return step_; }
  bool computing() const { return phase_ == Phase::kStepping && !broken_ && !hung_; }

  void join(Node& node, const LaunchCommand& launch);
  void lost(const RankId& id);  // one process is gone
  void ask_to_end();            // SIGTERM: save at the next boundary and leave
  void hang() { hung_ = true; }

 private:
  enum class Phase { kGathering, kRestoring, kStepping, kLeaving };
  void later(int64_t delay_ms, void (Group::*then)());
  void restore();
  void begin_step();
  void end_step();
  void save();
  void finish_save();
  void leave(int exit_code);
  void tell_each_node(Entry entry);
  void tell_rank0(Entry entry);
  void break_up();
  bool connected() const;  // every node can reach the others

  const Setting setting_;
  const Spec& spec_;
  Events& events_;
  Store& store_;
  const Watch watch_;
  std::map<int, Node*> places_;  // rank → node, of those that live
  std::set<Node*> nodes_;
  Node* rank0_ = nullptr;
  Phase phase_ = Phase::kGathering;
  bool broken_ = false;
  bool hung_ = false;
  bool asked_ = false;
  int64_t step_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace longhaul::daemon::sim
