#include "config/check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/posix/file.h"

namespace longhaul::config {
namespace {

using Where = std::function<std::string(std::string_view)>;

Result<> check_name(const RunConfig& c, const Where& where) {
  const std::string& name = c.run.name;
  const bool good = name.size() <= 64 &&
                    std::all_of(name.begin(), name.end(),
                                [](char ch) {
                                  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                                         (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.';
                                }) &&
                    name.front() != '.';
  if (good) return {};
  return invalid(
      fmt::format("{}: run.name is '{}'; it must be at most 64 letters, digits, '-', '_' or '.', "
                  "because it names files and addresses",
                  where("run.name"), name));
}

Result<> check_topology(const RunConfig& c, const Where& where) {
  const int places = c.cluster.nodes * c.cluster.ranks_per_node;
  if (c.parallel.ranks() != places) {
    return invalid(fmt::format(
        "{}: parallel asks for tensor {} × pipeline {} × data {} = {} ranks, but cluster.nodes {} × "
        "cluster.ranks_per_node {} = {}; the two must be equal",
        where("parallel"), c.parallel.tensor, c.parallel.pipeline, c.parallel.data, c.parallel.ranks(),
        c.cluster.nodes, c.cluster.ranks_per_node, places));
  }
  if (c.trainer.kind != "longhaul") return {};
  if (c.parallel.tensor != 1) {
    return invalid(fmt::format("{}: parallel.tensor is {}; this version's own trainer supports 1",
                               where("parallel.tensor"), c.parallel.tensor));
  }
  if (c.parallel.pipeline != 1) {
    return invalid(fmt::format("{}: parallel.pipeline is {}; this version's own trainer supports 1",
                               where("parallel.pipeline"), c.parallel.pipeline));
  }
  return {};
}

Result<> check_model_and_batch(const RunConfig& c, const Where& where) {
  if (c.model.hidden % c.model.heads != 0) {
    return invalid(fmt::format("{}: model.hidden is {}; it must be a multiple of model.heads = {}",
                               where("model.hidden"), c.model.hidden, c.model.heads));
  }
  if (c.batch.global % c.batch.micro != 0) {
    return invalid(fmt::format("{}: batch.global is {}; it must be a multiple of batch.micro = {}",
                               where("batch.global"), c.batch.global, c.batch.micro));
  }
  if (c.batch.global / c.batch.micro < c.parallel.data) {
    return invalid(fmt::format(
        "{}: batch.global is {}: {} micro-batches for parallel.data = {} replicas; each needs one",
        where("batch.global"), c.batch.global, c.batch.global / c.batch.micro, c.parallel.data));
  }
  return {};
}

Result<> check_optimizer(const RunConfig& c, const Where& where) {
  const Optimizer& o = c.optimizer;
  if (o.min_learning_rate > o.learning_rate) {
    return invalid(fmt::format("{}: optimizer.min_learning_rate is {}; it must not exceed learning_rate = {}",
                               where("optimizer.min_learning_rate"), o.min_learning_rate, o.learning_rate));
  }
  if (o.decay_samples <= o.warmup_samples) {
    return invalid(fmt::format("{}: optimizer.decay_samples is {}; it must exceed warmup_samples = {}",
                               where("optimizer.decay_samples"), o.decay_samples, o.warmup_samples));
  }
  return {};
}

Result<> check_rest(const RunConfig& c, const Where& where) {
  double weights = 0;
  for (const Corpus& corpus : c.data.corpora) weights += corpus.weight;
  if (weights <= 0) {
    return invalid(fmt::format("{}: data.corpora weights sum to {}; at least one must be above 0",
                               where("data.corpora"), weights));
  }
  if ((c.trainer.kind == "command") == c.trainer.command.empty()) {
    return invalid(
        fmt::format("{}: trainer.command is {}; it must be given exactly when trainer.kind is 'command'",
                    where("trainer"), c.trainer.command.empty() ? "missing" : "given"));
  }
  for (const auto& [name, address] : {std::pair{"telemetry.listen", c.telemetry.listen},
                                      std::pair{"telemetry.metrics_listen", c.telemetry.metrics_listen}}) {
    const size_t colon = address.rfind(':');
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        std::all_of(port.begin(), port.end(), [](char ch) { return ch >= '0' && ch <= '9'; });
    if (!digits || std::stoi(port) > 65535) {
      return invalid(
          fmt::format("{}: {} is '{}'; it must be ADDRESS:PORT with a port from 0 to 65535 (0: any free one)",
                      where(name), name, address));
    }
  }
  return {};
}

}  // namespace

Result<> check(const RunConfig& c, const Where& where) {
  LH_TRY(check_name(c, where));
  LH_TRY(check_topology(c, where));
  LH_TRY(check_model_and_batch(c, where));
  LH_TRY(check_optimizer(c, where));
  return check_rest(c, where);
}

Result<> check_files(const RunConfig& c) {
  for (const Corpus& corpus : c.data.corpora) {
    for (const char* ending : {".idx", ".bin"}) {
      if (!path_exists(corpus.path + ending)) {
        return invalid(
            fmt::format("data.corpora: '{}{}' does not exist; prepare the text first (longhaul corpus)",
                        corpus.path, ending));
      }
    }
  }
  return {};
}

}  // namespace longhaul::config
