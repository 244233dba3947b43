#include "trainer/loop/checkpointing.h"

#include <numeric>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "config/load.h"
#include "tests/trainer/comm/ranks.h"
#include "tests/trainer/loop/tiny_run.h"
#include "trainer/loop/restoring.h"

namespace longhaul::trainer {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

float value_at(int64_t i, int section) {
  return static_cast<float>(i % 8191) + 0.25f * static_cast<float>(section);
}

void fill(ShardState& shard) {
  for (int64_t i = 0; i < shard.range().size(); ++i) {
    const auto at = static_cast<size_t>(i);
    shard.master()[at] = value_at(shard.range().begin + i, 0);
    shard.m()[at] = value_at(shard.range().begin + i, 1);
    shard.v()[at] = value_at(shard.range().begin + i, 2);
  }
}

bool holds_the_values(const ShardState& shard) {
  for (int64_t i = 0; i < shard.range().size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (shard.master()[at] != value_at(shard.range().begin + i, 0) ||
        shard.m()[at] != value_at(shard.range().begin + i, 1) ||
        shard.v()[at] != value_at(shard.range().begin + i, 2)) {
      return false;
    }
  }
  return true;
}

struct Fixture {
  TinyRun run;
  config::RunConfig config = *config::load(run.path() + "/run.yaml");
  ParameterLayout layout = *ParameterLayout::build(config.model);
  RankPorts ports = real_ports();
  checkpoint::Store store{ports.files, config.paths.store};
};

TEST(Checkpointing, SavesOnThreeRanksWhatTwoCanLoad) {
  Fixture f;
  const auto saved = run_ranks(3, [&](HostMesh& mesh) {
    ShardState shard(f.layout.shard_range(mesh.rank(), 3));
    fill(shard);
    auto done = Checkpointing(f.config, f.layout, f.store, f.ports.now_us)
                    .save(*mesh.world(), shard, 40, {"1.1", 0, "step-20-b0-g1.0"});
    if (!done || !done->saved) return 1;
    return done->saved->step == 40 && done->saved->size_bytes > 12 * f.layout.padded_size() ? 0 : 2;
  });
  ASSERT_THAT(saved, Each(0));
  EXPECT_THAT(f.run.checkpoints(), ElementsAre("step-40-b0-g1.1"));
  const auto manifest = f.store.load(f.run.store() + "/checkpoints/step-40-b0-g1.1");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->manifest.samples, 480);
  EXPECT_EQ(manifest->manifest.tokens, 480 * 16);
  EXPECT_EQ(manifest->manifest.parent, "step-20-b0-g1.0");
  EXPECT_EQ(manifest->manifest.topology.dp, 3);

  const auto loaded = run_ranks(2, [&](HostMesh& mesh) {
    ShardState shard(f.layout.shard_range(mesh.rank(), 2));
    std::vector<RejectedCheckpoint> rejected;
    auto restored = Restoring(f.config, f.layout, f.store).restore(*mesh.world(), "", 0, shard, rejected);
    return restored && restored->step == 40 && rejected.empty() && holds_the_values(shard) ? 0 : 1;
  });
  EXPECT_THAT(loaded, Each(0));
}

TEST(Checkpointing, LeavesNothingWhenOneRankCannotWrite) {
  Fixture f;
  const auto codes = run_ranks(2, [&](HostMesh& mesh) {
    ShardState shard(f.layout.shard_range(mesh.rank(), 2));
    if (mesh.rank() == 1) {
      // Rank 1 sees another, missing store.
      checkpoint::Store broken(f.ports.files, f.run.path() + "/nowhere");
      auto saved = Checkpointing(f.config, f.layout, broken, f.ports.now_us)
                       .save(*mesh.world(), shard, 8, {"1.1", 0, ""});
      return saved && !saved->saved ? static_cast<int>(saved->error.code) : 0;
    }
    auto saved = Checkpointing(f.config, f.layout, f.store, f.ports.now_us)
                     .save(*mesh.world(), shard, 8, {"1.1", 0, ""});
    return saved && !saved->saved ? static_cast<int>(saved->error.code) : 0;
  });
  EXPECT_EQ(codes[0], codes[1]);
  EXPECT_NE(codes[0], 0);
  EXPECT_THAT(f.run.checkpoints(), ElementsAre());
}

// The stream between them is then read half: nobody may go on with it as after a save that only failed.
TEST(Checkpointing, APeerThatDoesSomethingElseIsNoAnswer) {
  Fixture f;
  const auto codes = run_ranks(2, [&](HostMesh& mesh) {
    if (mesh.rank() == 1) {
      (void)mesh.world()->barrier();
      ::usleep(500'000);  // stays connected: its end would be another error
      return 0;
    }
    ShardState shard(f.layout.shard_range(0, 2));
    const auto saved = Checkpointing(f.config, f.layout, f.store, f.ports.now_us)
                           .save(*mesh.world(), shard, 8, {"1.1", 0, ""});
    return saved ? 100 : static_cast<int>(saved.error().code);
  });
  EXPECT_THAT(codes, ElementsAre(static_cast<int>(ErrorCode::kCorrupt), 0));
}

}  // namespace
}  // namespace longhaul::trainer
