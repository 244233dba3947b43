// Named traces. Sources: the chronicles of the BLOOM run (a GPU lost once or twice a week on 384, saves each
// 100 steps of 105 s that took 40 s, half an hour to three hours until a human had it running again);
// Llama 3 (419 interruptions in 54 days on 2,048 nodes: 3.79 per 1,000 node-days); Meta's RSC-1 (6.5 per
// 1,000 node-days, 1.2 % of nodes are lemons). `worst` is everything at once, far more often than ever seen.
#include "daemon/sim/spec.h"

namespace longhaul::daemon::sim {
namespace {

constexpr double kHourMs = 3'600'000;
constexpr double kDayMs = 24 * kHourMs;

Spec bloom() {
  Spec s;
  s.name = "bloom";
  s.nodes = 48;
  s.spares = 4;
  s.ranks_per_node = 8;
  s.days = 118;
  s.step_ms = 105'000;
  s.start_ms = 120'000;
  s.restore_ms = 180'000;
  s.policy.start_timeout_ms = 1'200'000;
  s.policy.step_timeout_floor_ms = 600'000;
  s.faults.rank_death_each_ms = 384 * 7 * kDayMs / 1.5;
  s.faults.rank_hang_each_ms = 384 * 30 * kDayMs;
  s.faults.node_loss_each_ms = 52 * 30 * kDayMs;
  s.faults.repair_ms = static_cast<int64_t>(24 * kHourMs);
  s.faults.daemon_death_all_ms = 14 * kDayMs;
  s.faults.store_outage_all_ms = 30 * kDayMs;
  s.faults.store_outage_length_ms = 300'000;
  return s;
}

Spec rate_per_thousand_node_days(const char* name, double rate, double lemon_share) {
  Spec s = bloom();
  s.name = name;
  s.nodes = 64;
  s.spares = 4;
  s.days = 54;
  s.step_ms = 30'000;
  s.faults = {};
  s.faults.rank_death_each_ms = 8 * 1000 * kDayMs / (rate * 0.7);
  s.faults.node_loss_each_ms = 1000 * kDayMs / (rate * 0.3);
  s.faults.repair_ms = static_cast<int64_t>(24 * kHourMs);
  s.faults.lemon_share = lemon_share;
  return s;
}

Spec llama3() {
  Spec s = rate_per_thousand_node_days("llama3", 3.79, 0);
  // 35 of its interruptions were switches or cables; these are 68 nodes of 2,048.
  s.faults.switch_loss_all_ms = 54 * kDayMs / 35 * 2048 / 68;
  return s;
}

Spec worst() {
  Spec s;
  s.name = "worst";
  s.policy.start_timeout_ms = 300'000;
  s.policy.step_timeout_floor_ms = 90'000;
  s.policy.restart_budget = 1'000;
  s.every_steps = 20;
  s.faults.rank_death_each_ms = 40 * kHourMs;
  s.faults.rank_hang_each_ms = 60 * kHourMs;
  s.faults.node_loss_each_ms = 40 * kHourMs;
  s.faults.repair_ms = 1'200'000;
  s.faults.lemon_share = 0.2;
  s.faults.agent_death_each_ms = 20 * kHourMs;
  s.faults.daemon_death_all_ms = kHourMs;
  s.faults.daemon_death_per_action = 0.01;
  s.faults.partition_each_ms = 20 * kHourMs;
  s.faults.partition_length_ms = 60'000;
  s.faults.store_outage_all_ms = 8 * kHourMs;
  s.faults.store_outage_length_ms = 300'000;
  s.faults.damage_per_save = 0.02;
  s.faults.switch_loss_all_ms = 24 * kHourMs;
  return s;
}

}  // namespace

std::vector<std::string> trace_names() { return {"bloom", "llama3", "rsc1", "worst"}; }

Result<Spec> trace_named(const std::string& name) {
  if (name == "bloom") return bloom();
  if (name == "llama3") return llama3();
  if (name == "rsc1") return rate_per_thousand_node_days("rsc1", 6.5, 0.012);
  if (name == "worst") return worst();
  return invalid("there is no trace '" + name + "'; there are bloom, llama3, rsc1 and worst");
}

}  // namespace longhaul::daemon::sim
