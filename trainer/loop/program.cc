#include "trainer/loop/program.h"

#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/core/log.h"
#include "config/identity.h"
#include "config/load.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/loop/dry_run.h"
#include "trainer/loop/step_report.h"

namespace longhaul::trainer {
namespace {

constexpr int kUsageError = 2;
constexpr int64_t kFlushTimeoutMs = 2'000;
constexpr const char* kUsage =
    "usage: longhaul-trainer [--run-dir DIR]     one rank; RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT as "
    "torchrun sets them\n"
    "       longhaul-trainer --dry-run FILE.yaml  parameters, FLOPs, memory and checkpoint bytes as JSON\n";

int print_dry_run(const std::string& file, std::ostream& out, std::ostream& err) {
  const auto config = config::load(file);
  const auto cost = config ? dry_run(*config) : Result<json::object>(config.error());
  if (!cost) {
    err << "longhaul-trainer: " << cost.error().message << "\n";
    return kUsageError;
  }
  out << json::to_text(*cost) << "\n";
  return 0;
}

MeshOptions mesh_options(const RankEnvironment& environment, const config::RunConfig& config) {
  MeshOptions options;
  // With the identity in it, ranks that read different configurations refuse each other.
  options.run = config.run.name + "@" + config::identity(config);
  options.rank = environment.rank;
  options.world_size = environment.world_size;
  options.generation = environment.generation;
  options.master_host = environment.master_host;
  options.master_port = environment.master_port;
  options.master_fd = environment.master_fd;
  options.rendezvous_timeout_ms = config.recovery.start_timeout_ms;
  options.operation_timeout_ms = config.recovery.start_timeout_ms;  // until the rank sets its own
  return options;
}

Outcome failed(Ending ending, const Error& error) { return Outcome{ending, 0, "", error.message}; }

Outcome train(const RankEnvironment& environment, const RankPorts& ports, wire::RankLink& link) {
  const std::string folder = environment.run_directory.empty() ? "." : environment.run_directory;
  const auto config = config::load(folder + "/run.yaml");
  if (!config) return failed(Ending::kConfig, config.error());
  config::RunConfig adapted = *config;
  // The world is what the launcher gives: data parallelism may differ from the file's (shrink and grow).
  const int replica = adapted.parallel.tensor * adapted.parallel.pipeline;
  if (environment.world_size % replica != 0) {
    return failed(Ending::kConfig,
                  invalid(fmt::format("WORLD_SIZE {} is no multiple of tensor × pipeline = {}",
                                      environment.world_size, replica)));
  }
  adapted.parallel.data = environment.world_size / replica;
  auto rank = Rank::create(adapted, ports, link);
  if (!rank) {
    const bool usage = rank.error().code == ErrorCode::kInvalid || rank.error().code == ErrorCode::kNotFound;
    return failed(usage ? Ending::kConfig : Ending::kFailed, rank.error());
  }
  if (auto sent = link.send(phase_line("rendezvous")); !sent) return failed(Ending::kAgentLost, sent.error());
  MeshOptions options = mesh_options(environment, adapted);
  options.text = (*rank)->text_fingerprint();
  options.give_up = ports.stop_requested;
  auto mesh = HostMesh::connect(options, ports.clock);
  if (!mesh) {
    if (mesh.error().code == ErrorCode::kUnavailable && ports.stop_requested())
      return {Ending::kStopped, -1, "", ""};
    if (mesh.error().code == ErrorCode::kInvalid) return failed(Ending::kConfig, mesh.error());
    const bool fenced = mesh.error().code == ErrorCode::kDenied;
    return failed(fenced ? Ending::kFenced : Ending::kPeerLost, mesh.error());
  }
  const auto world = mesh->world();
  return (*rank)->run_generation(
      *world, {environment.directed, environment.generation, environment.branch, environment.resume});
}

json::object last_line(const Outcome& outcome) {
  const std::string kind = error_kind_of(outcome.ending);
  if (!kind.empty()) return error_line(kind, outcome.message);
  json::object line = phase_line("done");
  if (outcome.step >= 0) line["step"] = outcome.step;
  if (outcome.ending == Ending::kCompleted) line["state_digest"] = outcome.state_digest;
  return line;
}

}  // namespace

int run_rank(const RankEnvironment& environment, const RankPorts& ports) {
  auto link = wire::RankLink::open(environment.agent_socket);
  if (!link) {
    log_error(link.error().message);
    return exit_code_of(Ending::kAgentLost);
  }
  json::object start{{"rank", environment.rank}, {"pid", ::getpid()}, {"generation", environment.generation}};
  start["phase"] = "start";
  const auto started = link->send(start);
  const Outcome outcome =
      started ? train(environment, ports, *link) : failed(Ending::kAgentLost, started.error());
  const json::object last = last_line(outcome);
  const std::string text = json::to_text(last);
  if (exit_code_of(outcome.ending) == 0) {
    log_info(text);
  } else {
    log_error(text);
  }
  // The agent may be gone; the exit code then says it all.
  if (link->send(last)) (void)link->flush(ports.clock, kFlushTimeoutMs);
  return exit_code_of(outcome.ending);
}

int run_program(const std::vector<std::string>& arguments,
                const std::function<const char*(const char*)>& environment, const RankPorts& ports,
                std::ostream& out, std::ostream& err) {
  auto settings = read_environment(environment);
  if (!settings) {
    err << "longhaul-trainer: " << settings.error().message << "\n";
    return kUsageError;
  }
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const bool has_value = i + 1 < arguments.size();
    if (name == "--help" || name == "-h") {
      out << kUsage;
      return 0;
    }
    if (name == "--dry-run" && has_value) return print_dry_run(arguments[i + 1], out, err);
    if (name == "--run-dir" && has_value) {
      settings->run_directory = arguments[i + 1];
      continue;
    }
    err << "longhaul-trainer: " << name << (has_value ? " is unknown" : " needs a value or is unknown")
        << "\n"
        << kUsage;
    return kUsageError;
  }
  log_start(fmt::format("rank {}", settings->rank));
  return run_rank(*settings, ports);
}

}  // namespace longhaul::trainer
