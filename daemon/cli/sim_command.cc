// longhaul sim: the production engine and agent core against simulated failures.
#include <charconv>
#include <cstdio>

#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/sim/simulation.h"

namespace longhaul::daemon {
namespace {

constexpr const char* kUsage =
    "usage: longhaul sim --trace NAME [--days N] [--seed S] [--seeds K]\n"
    "Plays a run of days against failures drawn from a seed, with the code that decides for real. --seeds "
    "K:\n"
    "the K seeds from S on, and a line only for each that breaks a promise. Exit code 5: one did.\n";

Result<int64_t> number(const Arguments& a, const std::string& name, int64_t otherwise, int64_t least) {
  if (!a.has(name)) return otherwise;
  const std::string text = a.get(name);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least)
    return invalid(fmt::format("--{} is '{}'; it must be a whole number from {} on", name, text, least));
  return value;
}

double hours(int64_t ms) { return static_cast<double>(ms) / 3'600'000; }

void print_row(const char* policy, const sim::Outcome& o) {
  const TimeUse& t = o.state.time_use;
  fmt::print("{:<22} {:>7.3f} {:>9} {:>10} {:>10} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f}\n", policy,
             o.goodput(), o.state.restarts(), o.state.lost_steps, o.state.daemon_restarts,
             hours(t.productive_ms), hours(t.rerun_ms), hours(t.restarting_ms), hours(t.checkpoint_ms),
             hours(t.waiting_ms + t.paused_ms));
}

int report_violation(const sim::Spec& spec, int64_t seed, const sim::Outcome& o) {
  if (o.violations.empty()) return 0;
  fmt::print(stderr, "longhaul sim: {}\n  again: longhaul sim --trace {} --days {} --seed {}\n",
             o.violations.front(), spec.name, spec.days, seed);
  return 5;
}

// As in 2022: nobody notices a hang for eight hours, and a human starts the run again.
sim::Spec by_hand(sim::Spec spec) {
  spec.human_ms = 90 * 60'000;
  spec.policy.restart_budget = 0;
  spec.policy.step_timeout_floor_ms = 8 * 3'600'000;
  return spec;
}

int one(const sim::Spec& spec, int64_t seed) {
  const auto ours = sim::Simulation(spec, static_cast<uint64_t>(seed)).run();
  fmt::print("trace {}, {} days, {} nodes and {} spares, seed {}: {} events\n", spec.name, spec.days,
             spec.nodes, spec.spares, seed, ours.events);
  for (const auto& [kind, count] : ours.faults) fmt::print("  {} {}\n", count, kind);
  fmt::print("{:<22} {:>7} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "policy", "goodput",
             "restarts", "lost steps", "daemon", "stepping", "redoing", "starting", "saving", "waiting");
  print_row("longhaul", ours);
  print_row("a human starts it", sim::Simulation(by_hand(spec), static_cast<uint64_t>(seed)).run());
  fmt::print("goodput is the share of steps done for the first time; the last five columns are hours\n");
  return report_violation(spec, seed, ours);
}

int many(const sim::Spec& spec, int64_t first, int64_t count) {
  int code = 0;
  for (int64_t seed = first; seed < first + count; ++seed) {
    const auto outcome = sim::Simulation(spec, static_cast<uint64_t>(seed)).run();
    if (report_violation(spec, seed, outcome) != 0) code = 5;
  }
  fmt::print("trace {}, {} days: {} seeds from {} on: {}\n", spec.name, spec.days, count, first,
             code == 0 ? "all promises kept" : "see above");
  return code;
}

}  // namespace

int sim_command(int argc, char** argv) {
  log_start("longhaul sim", "", LogLevel::kError);
  const auto a = parse_arguments(argc, argv, {}, {"trace", "days", "seed", "seeds"});
  if (!a) return report_error(a.error());
  if (!a->words.empty() || !a->has("trace")) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  auto spec = sim::trace_named(a->get("trace"));
  if (!spec) return report_error(spec.error());
  const auto days = number(*a, "days", spec->days, 1);
  const auto seed = number(*a, "seed", 1, 0);
  const auto seeds = number(*a, "seeds", 0, 1);
  for (const auto* value : {&days, &seed, &seeds}) {
    if (!*value) return report_error(value->error());
  }
  spec->days = *days;
  return *seeds > 0 ? many(*spec, *seed, *seeds) : one(*spec, *seed);
}

}  // namespace longhaul::daemon
