// The simulated longhauld: the production engine with a journal that survives its death, and what connects
// it to agents, launcher and store (as daemon/supervisor does for real). Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/engine.h"
#include "daemon/sim/events.h"
#include "daemon/sim/history.h"
#include "daemon/sim/messages.h"
#include "daemon/sim/store.h"

namespace longhaul::daemon::sim {

// On the daemon's disk.
struct MemoryJournal final : Journal {
  std::optional<RunState> saved;
  int64_t entries = 0;
  std::function<void(const Event&, const RunState& before, const Decision&)> watch;

  Result<std::optional<RunState>> load() override { return saved; }
  Result<int64_t> append(const Event& event, const Inputs&, const Decision& decision) override {
    if (watch) watch(event, saved.value_or(RunState{}), decision);
    saved = decision.next;
    return ++entries;
  }
};

class Supervisor final : public Actuator {
 public:
  struct Outside {
    std::function<void(const std::string& node, ToAgent)> say;
    std::function<void(const std::string& node)> disconnect;  // close the connection from here
    std::function<void(const std::string& node)> start_agent;
    std::function<void(const std::string& node)> fence;  // AgentDied follows
    std::function<void(int exit_code)> leave;
    std::function<bool()> die_now;  // it is killed before this action, and does nothing more
    std::function<void(const std::vector<std::string>& deleted)> deleted;
    std::function<void(const Announce&)> announced;
  };
  Supervisor(const Policy& policy, Events& events, MemoryJournal& journal, History& history, Store& store,
             Outside outside);

  // fresh: by a person.
  void start(bool fresh);
  void hear(const std::string& node, const ToDaemon& message);
  void handle(const Event& event) { engine_.handle(event); }
  Reply command(const std::string& what) { return engine_.command({what, "operator", ""}, false); }
  void tick() { engine_.tick(); }
  const RunState& state() const { return engine_.state(); }

  void act(const Action& action, const ActionId& id) override;

  // The connection is gone, as the hub sees it.
  void disconnected(const std::string& node);
  bool is_connected(const std::string& node) const { return connected_.contains(node); }

 private:
  void on_batch(const std::string& node, const Batch& batch);
  void later(int64_t delay_ms, std::function<void()> what);
  void find_restore();
  void launch(const LaunchRanks& a, const ActionId& id);
  void command_all(const AgentCommand& command);

  const Policy& policy_;
  Events& events_;
  MemoryJournal& journal_;
  History& history_;
  Store& store_;
  const Outside outside_;
  Engine engine_;
  bool dead_ = false;
  int64_t term_ = 0;
  std::string uuid_;
  std::map<std::string, int64_t> seen_;  // spool entries heard of
  std::set<std::string> connected_;
  Generation stopped_up_to_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace longhaul::daemon::sim
