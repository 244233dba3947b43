#include "config/load.h"

#include <filesystem>

#include "base/posix/file.h"
#include "config/check.h"
#include "config/yaml_reader.h"

namespace longhaul::config {
namespace {

constexpr int64_t kMany = int64_t{1} << 50;  // samples, steps: above any plan, below any overflow
constexpr int64_t kWeekMs = 7LL * 24 * 3600 * 1000;
constexpr auto kRequired = Need::kRequired;

std::vector<Field> run_fields(Run* r) {
  return {text("name", &r->name, kRequired), text("title", &r->title), text("description", &r->description),
          integer("seed", &r->seed), integer("target_steps", &r->target_steps, 1, kMany, kRequired)};
}

std::vector<Field> cluster_fields(Cluster* c) {
  return {choice("launcher", &c->launcher, {"local"}), integer("nodes", &c->nodes, 1, 4096),
          integer("ranks_per_node", &c->ranks_per_node, 1, 64), integer("spares", &c->spares, 0, 1024),
          integer("orphan_timeout_ms", &c->orphan_timeout_ms, 1000, kWeekMs)};
}

std::vector<Field> trainer_fields(Trainer* t) {
  return {choice("kind", &t->kind, {"longhaul", "command"}), text_list("command", &t->command)};
}

std::vector<Field> model_fields(Model* m) {
  return {integer("layers", &m->layers, 1, 1000, kRequired),
          integer("hidden", &m->hidden, 1, 1 << 20, kRequired),
          integer("heads", &m->heads, 1, 4096, kRequired),
          integer("sequence_length", &m->sequence_length, 1, 1 << 20, kRequired),
          integer("vocabulary_size", &m->vocabulary_size, 2, 1 << 24, kRequired)};
}

std::vector<Field> parallel_fields(Parallel* p) {
  return {integer("tensor", &p->tensor, 1, 64), integer("pipeline", &p->pipeline, 1, 256),
          integer("data", &p->data, 1, 4096)};
}

std::vector<Field> optimizer_fields(Optimizer* o) {
  return {number("learning_rate", &o->learning_rate, 0, 1e3, kRequired),
          number("min_learning_rate", &o->min_learning_rate, 0, 1e3),
          integer("warmup_samples", &o->warmup_samples, 0, kMany),
          integer("decay_samples", &o->decay_samples, 1, kMany, kRequired),
          number("weight_decay", &o->weight_decay, 0, 1),
          number("clip", &o->clip, 1e-6, 1e9),
          number("beta1", &o->beta1, 0, 0.999999),
          number("beta2", &o->beta2, 0, 0.9999999),
          number("epsilon", &o->epsilon, 1e-30, 1)};
}

std::vector<Field> recovery_fields(Recovery* r) {
  return {integer("restart_budget", &r->restart_budget, 0, 1'000'000),
          integer("backoff_ms", &r->backoff_ms, 0, kWeekMs),
          integer("backoff_max_ms", &r->backoff_max_ms, 0, kWeekMs),
          integer("agent_silence_ms", &r->agent_silence_ms, 200, kWeekMs),
          integer("start_timeout_ms", &r->start_timeout_ms, 1000, kWeekMs),
          integer("step_timeout_floor_ms", &r->step_timeout_floor_ms, 100, kWeekMs),
          integer("stop_grace_ms", &r->stop_grace_ms, 100, kWeekMs)};
}

std::vector<Field> all_fields(RunConfig* c, int* version) {
  Data* data = &c->data;
  const auto corpus = [data]() -> std::vector<Field> {
    Corpus& entry =
        data->corpora.emplace_back();  // stays where it is until the next one, and is read by then
    return {text("path", &entry.path, kRequired), text("name", &entry.name),
            number("weight", &entry.weight, 0, 1e12)};
  };
  return {integer("version", version, 1, 1, kRequired),
          section("run", run_fields(&c->run), kRequired),
          section("paths", {text("state", &c->paths.state), text("store", &c->paths.store),
                            text("node", &c->paths.node)}),
          section("cluster", cluster_fields(&c->cluster)),
          section("trainer", trainer_fields(&c->trainer)),
          section("model", model_fields(&c->model), kRequired),
          section("parallel", parallel_fields(&c->parallel)),
          section("batch",
                  {integer("micro", &c->batch.micro, 1, 1 << 20, kRequired),
                   integer("global", &c->batch.global, 1, 1 << 24, kRequired)},
                  kRequired),
          section("data", {section_list("corpora", corpus, kRequired)}, kRequired),
          section("optimizer", optimizer_fields(&c->optimizer), kRequired),
          section("checkpoint", {integer("every_steps", &c->checkpoint.every_steps, 1, kMany),
                                 integer("keep_last", &c->checkpoint.keep_last, 1, 1'000'000)}),
          section("recovery", recovery_fields(&c->recovery)),
          section("telemetry", {text("listen", &c->telemetry.listen),
                                text("metrics_listen", &c->telemetry.metrics_listen)})};
}

void make_absolute(std::string* path, const std::string& run_directory, const char* otherwise) {
  if (path->empty()) *path = otherwise;
  *path = (std::filesystem::path(run_directory) / *path).lexically_normal().string();
}

}  // namespace

Result<RunConfig> parse(const std::string& yaml, const std::string& file, const std::string& run_directory) {
  RunConfig c;
  int version = 0;
  LH_TRY(read_mapping(yaml, file, all_fields(&c, &version)));
  const std::string base = std::filesystem::absolute(run_directory).lexically_normal().string();
  make_absolute(&c.paths.state, base, "state");
  make_absolute(&c.paths.store, base, "store");
  make_absolute(&c.paths.node, base, "nodes");
  for (Corpus& corpus : c.data.corpora) make_absolute(&corpus.path, base, "");
  LH_TRY(check(c, [&](std::string_view name) { return location_of(yaml, file, name); }));
  return c;
}

Result<RunConfig> load(const std::string& file, const std::string& run_directory) {
  LH_ASSIGN(const std::string yaml, read_file(file));
  return parse(yaml, file, run_directory);
}

Result<RunConfig> load(const std::string& file) {
  const std::string folder = std::filesystem::absolute(file).parent_path().string();
  return load(file, folder);
}

}  // namespace longhaul::config
