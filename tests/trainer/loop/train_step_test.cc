#include "trainer/loop/train_step.h"

#include <gmock/gmock.h>

#include "config/load.h"
#include "tests/trainer/loop/tiny_run.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/model/initialize.h"

namespace longhaul::trainer {
namespace {

// A world of one, in this process.
struct Fixture {
  explicit Fixture(const TinyRun& run)
      : config(*config::load(run.path() + "/run.yaml")),
        ports(real_ports()),
        mesh(*HostMesh::connect({}, ports.clock)),
        world(mesh.world()),
        model(config.model, config.batch.micro),
        source(*data::BatchSource::open(config.data, config.model.sequence_length,
                                        config.model.vocabulary_size, config.run.seed)),
        step(config, model, source, fastest_kernels(), ports.now_us, *TrainStep::make_arenas(model.layout())),
        shard({0, model.layout().padded_size()}) {
    initialize(model.layout(), config.model, config.run.seed, shard.range(), shard.master().data());
    EXPECT_TRUE(step.gather_weights(*world, shard));
  }
  Result<StepResult> run(int64_t number, uint64_t control = 0) {
    return step.run(
        number, [control]() -> Result<uint64_t> { return control; }, *world, shard);
  }

  config::RunConfig config;
  RankPorts ports;
  HostMesh mesh;
  std::unique_ptr<Communicator> world;
  Model model;
  data::BatchSource source;
  TrainStep step;
  ShardState shard;
};

TEST(TrainStep, ReportsLossNormRateControlAndTimes) {
  TinyRun run;
  Fixture f(run);
  const auto result = f.run(1, kControlCheckpoint);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->finite);
  EXPECT_NEAR(result->loss, 4.16, 0.5);
  EXPECT_GT(result->gradient_norm, 0.01);
  EXPECT_DOUBLE_EQ(result->learning_rate, 0.005);  // 12 of 24 samples of warm-up
  EXPECT_EQ(result->control, kControlCheckpoint);
  EXPECT_GT(result->step_ms, 0);
  EXPECT_GT(result->compute_ms, 0);
  EXPECT_LE(result->compute_ms + result->communication_ms, result->step_ms + 0.01);
}

TEST(TrainStep, KeepsWeightsEqualToTheRoundedMasters) {
  TinyRun run;
  Fixture f(run);
  for (int64_t number = 1; number <= 3; ++number) ASSERT_TRUE(f.run(number));
  for (size_t i = 0; i < f.step.weights().size(); ++i) {
    ASSERT_EQ(f.step.weights()[i].bits, to_bf16(f.shard.master()[i]).bits) << i;
  }
}

TEST(TrainStep, LeavesEverythingAsItWasWhenAGradientIsNotFinite) {
  TinyRun run;
  Fixture f(run);
  ASSERT_TRUE(f.run(1));
  const std::vector<float> before(f.shard.m().begin(), f.shard.m().end());
  f.step.weights()[5].bits = 0x7fc0;  // NaN
  const auto result = f.run(2);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->finite);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), f.shard.m().begin()));
}

TEST(TrainStep, StopsWhenTheAgentIsGone) {
  TinyRun run;
  Fixture f(run);
  const auto result = f.step.run(
      1,
      []() -> Result<uint64_t> {
        return Error{ErrorCode::kClosed, "the agent is gone"};
      },
      *f.world, f.shard);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace longhaul::trainer
