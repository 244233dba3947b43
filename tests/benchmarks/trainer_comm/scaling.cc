#include <vector>

#include <time.h>

#include "tests/benchmarks/trainer_comm/measurements.h"
#include "tests/benchmarks/trainer_comm/ranks.h"
#include "tests/support/temporary_folder.h"
#include "trainer/data/indexed_dataset_writer.h"
#include "trainer/loop/train_step.h"
#include "trainer/model/initialize.h"

namespace longhaul::trainer {
namespace {

constexpr int64_t kSteps = 6;  // after one to warm up

int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

// The demo's shape; the text does not matter for the time.
config::RunConfig demo_shape(const std::string& corpus) {
  config::RunConfig c;
  c.run.name = "bench";
  c.model = {4, 256, 4, 256, 256};
  c.batch = {2, 16};
  c.data.corpora = {{corpus, 1.0}};
  c.optimizer.learning_rate = 1e-3;
  c.optimizer.decay_samples = 100'000;
  return c;
}

void write_corpus(const std::string& prefix) {
  auto writer = data::IndexedDatasetWriter::create(prefix, data::TokenType::kUint16);
  CHECK(writer.has_value());
  std::vector<int32_t> document(100'000);
  uint32_t noise = 1;
  for (int32_t& token : document)
    token = static_cast<int32_t>((noise = noise * 1664525u + 1013904223u) >> 24);
  CHECK(writer->add_document(document).has_value() && writer->finish().has_value());
}

double seconds_of_steps(HostMesh& mesh, const config::RunConfig& config) {
  const auto world = mesh.world();
  Model model(config.model, config.batch.micro);
  auto source =
      data::BatchSource::open(config.data, config.model.sequence_length, config.model.vocabulary_size, 1);
  auto arenas = TrainStep::make_arenas(model.layout());
  CHECK(source.has_value() && arenas.has_value());
  TrainStep step(config, model, *source, fastest_kernels(), monotonic_us, std::move(*arenas));
  ShardState shard(model.layout().shard_range(mesh.rank(), mesh.world_size()));
  initialize(model.layout(), config.model, 1, shard.range(), shard.master().data());
  CHECK(step.meet(*world).has_value() && step.gather_weights(*world, shard).has_value());
  int64_t start_us = 0;
  for (int64_t number = 1; number <= kSteps + 1; ++number) {
    if (number == 2) start_us = monotonic_us();
    const auto result = step.run(
        number, []() -> Result<uint64_t> { return 0; }, *world, shard);
    CHECK(result.has_value() && result->finite);
  }
  return static_cast<double>(monotonic_us() - start_us) / 1e6;
}

}  // namespace

double tokens_per_second(int ranks) {
  const TemporaryFolder folder;
  const std::string corpus = folder / "corpus";
  write_corpus(corpus);
  const config::RunConfig config = demo_shape(corpus);
  const double seconds =
      run_bench_ranks(ranks, [&](HostMesh& mesh) { return seconds_of_steps(mesh, config); });
  return static_cast<double>(kSteps * config.batch.global * config.model.sequence_length) / seconds;
}

}  // namespace longhaul::trainer
