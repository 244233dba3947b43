// Carrying out what the core decided. Called on the engine thread; each action goes to the thread that
// owns what it needs.
#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/file.h"
#include "daemon/core/names.h"
#include "daemon/supervisor/supervisor.h"
#include "daemon/supervisor/timers.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kLeaveTimeoutMs = 5'000;

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

}  // namespace

void Supervisor::act(const Action& action, const ActionId& id) {
  std::visit([&](const auto& a) { act_on(a, id); }, action);
}

void Supervisor::act_on(const StartAgent& a, const ActionId&) {
  to_io([this, a] { launcher_->start(a.node); });
}

void Supervisor::act_on(const FenceNode& a, const ActionId&) {
  to_io([this, a] { launcher_->fence(a.node); });
}

void Supervisor::act_on(const AskAgain& a, const ActionId&) {
  to_io([this, a] { hub_->drop(a.node); });
}

void Supervisor::act_on(const FindRestore& a, const ActionId&) {
  store_worker_->post([this, a] {
    const auto choice = catalog_.newest_restorable(a.branch);
    if (choice) {
      engine_event(RestoreFound{choice->path, choice->step});
    } else {
      engine_event(RestoreFailed{choice.error().message, choice.error().code == ErrorCode::kCorrupt});
    }
  });
}

// The fence goes up before the ranks do: once the store names the new launch, no older one commits.
void Supervisor::act_on(const LaunchRanks& a, const ActionId& id) {
  store_worker_->post([this, a, id] {
    const auto ours = holds_term(config_.paths.store, term_);
    if (ours && !*ours) return to_io([this] { leave(2); });  // replaced: nothing is launched any more
    const auto fenced = publish_generation(config_.paths.store, a.generation);
    if (!fenced) return engine_event(LaunchFailed{a.generation, fenced.error().message});
    to_io([this, a, id] { send_launch(a, id); });
  });
}

void Supervisor::send_launch(const LaunchRanks& a, const ActionId& id) {
  std::vector<std::string> nodes;  // in the order of their first rank: GROUP_RANK
  for (const Placement& p : a.placements) {
    if (std::find(nodes.begin(), nodes.end(), p.node) == nodes.end()) nodes.push_back(p.node);
  }
  // Told to stop while the fence was being written: a launch now would come after its own end.
  if (a.generation <= stopped_up_to_)
    return engine_event(LaunchFailed{a.generation, "it was stopped before it began"});
  for (const std::string& node : nodes) {
    if (hub_->peer(node) == nullptr)
      return engine_event(LaunchFailed{a.generation, node + " is not connected"});
  }
  const AgentHub::Peer& master = *hub_->peer(nodes.front());
  for (size_t i = 0; i < nodes.size(); ++i) {
    wire::Launch launch;
    launch.id = id.text();
    launch.term = term_.number;
    launch.generation = a.generation.text();
    launch.branch = a.branch;
    launch.world_size = static_cast<int>(a.placements.size());
    launch.node_rank = static_cast<int>(i);
    launch.node_count = static_cast<int>(nodes.size());
    for (const Placement& p : a.placements) {
      if (p.node == nodes[i]) launch.ranks.push_back({p.rank, static_cast<int>(launch.ranks.size())});
    }
    launch.master_address = master.address;
    launch.master_port = master.rendezvous_port;
    launch.resume = a.resume;
    launch.restarts = a.restarts;
    hub_->send(nodes[i], launch);
  }
}

void Supervisor::act_on(const StopAllRanks& a, const ActionId& id) {
  to_io([this, a, id] {
    stopped_up_to_ = std::max(stopped_up_to_, a.generation);
    hub_->broadcast(wire::StopRanks{id.text(), term_.number, a.generation.text(), a.force, a.grace_ms});
  });
}

void Supervisor::act_on(const TellAllRanks& a, const ActionId& id) {
  to_io([this, a, id] {
    hub_->broadcast(wire::TellRanks{id.text(), term_.number, a.generation.text(), a.command});
  });
}

void Supervisor::act_on(const DistrustCheckpoint& a, const ActionId&) {
  store_worker_->post([this, a] {
    if (const auto done = catalog_.distrust(a.path, a.reason); !done)
      log_error("distrust: " + done.error().message);
  });
}

void Supervisor::act_on(const ApplyRetention&, const ActionId&) {
  const int64_t branch = engine_->state().branch;
  const std::string generation = engine_->state().generation.text();
  if (const auto& c = engine_->state().last_checkpoint)
    metrics_.checkpoint(seconds(c->duration_ms), seconds(c->stall_ms), c->size_bytes,
                        seconds(c->saved_at_ms));
  store_worker_->post([this, branch, generation] { keep_checkpoints(branch, generation); });
}

void Supervisor::act_on(const ShutdownAgents&, const ActionId& id) {
  to_io([this, id] {
    shutdown_id_ = id.text();  // whoever connects from now on is told as well
    hub_->broadcast(wire::Shutdown{shutdown_id_, term_.number});
    for (const std::string& node : policy_.nodes) {
      if (hub_->peer(node) == nullptr) launcher_->ask_to_end(node);
    }
  });
}

// The result is written once everything measured is committed: what it says is what the history holds.
void Supervisor::act_on(const ExitDaemon& a, const ActionId&) {
  // Not at once: the steps that came in one batch with the end are handed to the recorder after it.
  engine_worker_->post([this, a] { write_result(a.exit_code); });
}

void Supervisor::write_result(int exit_code) {
  const RunState state = engine_->state();
  recorder_->digest(
      std::max(state.step, state.highest_step), [this, exit_code, state](const std::string& digest) {
        const json::object result{{"daemon_pid", int64_t{getpid()}},
                                  {"state", std::string(to_text(state.status))},
                                  {"steps", std::max(state.step, state.highest_step)},
                                  {"restarts", state.restarts()},
                                  {"daemon_restarts", state.daemon_restarts},
                                  {"lost_steps", state.lost_steps},
                                  {"loss_digest", digest},
                                  {"state_digest", state.state_digest},
                                  {"halt_reason", state.halt_reason}};
        const auto written =
            write_file_durably(config_.paths.state + "/result.json", json::to_text(result) + "\n");
        if (!written) log_error("result: " + written.error().message);
        to_io([this, exit_code] { leave(exit_code); });
      });
}

void Supervisor::act_on(const Announce& a, const ActionId& id) {
  if (a.kind == "restored") metrics_.restart("failure");
  if (a.lost_steps.value_or(0) > 0) metrics_.rolled_back("recovery", *a.lost_steps);
  recorder_->post(a, clock_.wall_ms(), announcements_, id.position());
}

// Gives the agents a moment to end and to hand over what is left in their spools.
void Supervisor::leave(int exit_code) {
  if (leaving_.exchange(true)) return;
  exit_code_ = exit_code;
  const int64_t until_ms = clock_.steady_ms() + (exit_code == 2 ? 0 : kLeaveTimeoutMs);
  timers_->repeating.push_back(std::make_unique<Repeating>(io_, 50, [this, until_ms] {
    const bool alone = hub_->connected().empty() && (shutdown_id_.empty() || !launcher_->any_left());
    if (alone || clock_.steady_ms() >= until_ms) io_.stop();
  }));
}

}  // namespace longhaul::daemon
