#include "trainer/loop/restoring.h"

#include <gmock/gmock.h>

#include "config/load.h"
#include "tests/trainer/loop/tiny_run.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/loop/checkpointing.h"

namespace longhaul::trainer {
namespace {

struct Fixture {
  Fixture() {
    for (const auto& [step, generation] : {std::pair{4, "1.1"}, {8, "1.1"}, {8, "1.2"}, {12, "1.2"}}) {
      ShardState shard({0, layout.padded_size()});
      EXPECT_TRUE(
          Checkpointing(config, layout, store, ports.now_us).save(*world, shard, step, {generation, 0, ""}));
    }
  }
  std::string folder(const std::string& name) const { return run.store() + "/checkpoints/" + name; }
  // The step restored, or minus the error code.
  int64_t restore(const std::string& resume) {
    rejected.clear();
    ShardState shard({0, layout.padded_size()});
    const auto restored = Restoring(config, layout, store).restore(*world, resume, 0, shard, rejected);
    return restored ? restored->step : -static_cast<int64_t>(restored.error().code);
  }

  TinyRun run;
  config::RunConfig config = *config::load(run.path() + "/run.yaml");
  ParameterLayout layout = *ParameterLayout::build(config.model);
  RankPorts ports = real_ports();
  checkpoint::Store store{ports.files, config.paths.store};
  HostMesh mesh = *HostMesh::connect({}, ports.clock);
  std::unique_ptr<Communicator> world = mesh.world();
  std::vector<RejectedCheckpoint> rejected;
};

TEST(Restoring, TakesWhatItIsToldOrTheNewest) {
  Fixture f;
  EXPECT_EQ(f.restore(f.folder("step-8-b0-g1.1")), 8);
  EXPECT_EQ(f.restore(""), 12);
  EXPECT_TRUE(f.rejected.empty());
}

TEST(Restoring, GoesBackFromWhatItIsToldButNeverForward) {
  Fixture f;
  f.run.corrupt("step-8-b0-g1.2");
  EXPECT_EQ(f.restore(f.folder("step-8-b0-g1.2")), 8);
  ASSERT_EQ(f.rejected.size(), 1u);
  f.run.corrupt("step-8-b0-g1.1");
  f.run.corrupt("step-4-b0-g1.1");
  EXPECT_EQ(f.restore(f.folder("step-8-b0-g1.2")), -static_cast<int64_t>(ErrorCode::kNotFound));
  EXPECT_EQ(f.rejected.size(), 3u);
  EXPECT_EQ(f.restore(""), 12);
}

TEST(Restoring, GoesBackWhenTheFolderIsGone) {
  Fixture f;
  EXPECT_EQ(f.restore(f.folder("step-10-b0-g1.1")), 8);
  ASSERT_EQ(f.rejected.size(), 1u);
}

TEST(Restoring, RefusesAnotherConfigurationsState) {
  Fixture f;
  f.config.run.seed = 12;
  EXPECT_EQ(f.restore(""), -static_cast<int64_t>(ErrorCode::kNotFound));
  ASSERT_FALSE(f.rejected.empty());
  EXPECT_THAT(f.rejected[0].reason, ::testing::HasSubstr("another configuration"));
}

TEST(Restoring, FindsTheNewestGenerationEvenOfATornCheckpoint) {
  Fixture f;
  ASSERT_TRUE(f.store.create({16, 0, "2.5"}));
  const auto found = Restoring(f.config, f.layout, f.store).look(0);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->restorable);
  EXPECT_EQ(found->newest_term, 2);
  EXPECT_EQ(found->newest_sequence, 5);
}

}  // namespace
}  // namespace longhaul::trainer
