#include "trainer/loop/restoring.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include <gmock/gmock.h>

#include "base/posix/file.h"
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
      const auto answer =
          Checkpointing(config, layout, store, ports.now_us).save(*world, shard, step, {generation, 0, ""});
      EXPECT_TRUE(answer && answer->saved);
    }
  }
  std::string folder(const std::string& name) const { return run.store() + "/checkpoints/" + name; }
  // The step restored, or minus the error code.
  int64_t restore(const std::string& resume, ReadAgain again = {0, 0}) {
    rejected.clear();
    ShardState shard({0, layout.padded_size()});
    const auto restored = Restoring(config, layout, store, again).restore(*world, resume, 0, shard, rejected);
    return restored ? restored->step : -static_cast<int64_t>(restored.error().code);
  }

  std::string shard_of(const std::string& name) const { return folder(name) + "/rank-00000.safetensors"; }
  // Every open of the file fails, as on a device that cannot read it: the link leads to itself.
  void make_unreadable(const std::string& file) {
    std::filesystem::rename(file, file + ".away");
    std::filesystem::create_symlink(file, file);
  }
  void make_readable(const std::string& file) { std::filesystem::rename(file + ".away", file); }
  void change_manifest(const std::string& name, const std::function<void(checkpoint::Manifest&)>& change) {
    checkpoint::Manifest manifest = store.load(folder(name))->manifest;
    change(manifest);
    ASSERT_TRUE(write_file_durably(folder(name) + "/manifest.json", *checkpoint::manifest_to_text(manifest)));
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
  EXPECT_FALSE(f.rejected[0].damaged);
}

TEST(Restoring, TellsDamageFromWhatCouldNotBeReadAndTakesTheOlderOneEitherWay) {
  Fixture f;
  std::filesystem::remove(f.shard_of("step-12-b0-g1.2"));
  f.make_unreadable(f.shard_of("step-8-b0-g1.2"));
  f.run.corrupt("step-8-b0-g1.1");
  EXPECT_EQ(f.restore(""), 4);
  ASSERT_EQ(f.rejected.size(), 3u);
  EXPECT_FALSE(f.rejected[0].damaged) << "a missing file";
  EXPECT_THAT(f.rejected[0].reason, ::testing::HasSubstr("the file is missing"));
  EXPECT_FALSE(f.rejected[1].damaged) << "a bad sector";
  EXPECT_TRUE(f.rejected[2].damaged);
}

TEST(Restoring, ReadsAgainForAWhileWhatItCouldNotRead) {
  Fixture f;
  f.make_unreadable(f.shard_of("step-12-b0-g1.2"));
  std::thread healing([&f] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    f.make_readable(f.shard_of("step-12-b0-g1.2"));
  });
  EXPECT_EQ(f.restore("", {5'000, 10}), 12);
  EXPECT_TRUE(f.rejected.empty());
  healing.join();
}

TEST(Restoring, AStoreThatCannotBeReadIsNotAStoreWithoutCheckpoints) {
  const int64_t unavailable = -static_cast<int64_t>(ErrorCode::kUnavailable);
  Fixture f;
  for (const char* name : {"step-12-b0-g1.2", "step-8-b0-g1.2", "step-4-b0-g1.1"})
    f.make_unreadable(f.shard_of(name));
  f.run.corrupt("step-8-b0-g1.1");
  EXPECT_EQ(f.restore(""), unavailable) << "something may be found later";
  EXPECT_EQ(f.rejected.size(), 4u);
  f.make_unreadable(f.store.checkpoints_path());
  EXPECT_EQ(f.restore(f.folder("step-12-b0-g1.2")), unavailable);
  EXPECT_TRUE(f.rejected.empty());
  EXPECT_EQ(Restoring(f.config, f.layout, f.store).look(0).error().code, ErrorCode::kUnavailable);
}

TEST(Restoring, RefusesAStateThatThisRunWouldNotContinueAsItWas) {
  using M = checkpoint::Manifest;
  const std::vector<std::pair<const char*, std::function<void(M&)>>> changes = {
      {"tokens", [](M& m) { m.tokens += 1; }},
      {"cursor.seed", [](M& m) { m.cursor.seed += 1; }},
      {"cursor.next_sample", [](M& m) { m.cursor.next_sample += 1; }},
      {"cursor.skipped_samples", [](M& m) { m.cursor.skipped_samples = 12; }},
      {"topology.micro_batch", [](M& m) { m.topology.micro_batch = 1; }},
      {"topology.global_batch", [](M& m) { m.topology.global_batch = 24; }},
      {"fixed_point_scale_log2", [](M& m) { m.fixed_point_scale_log2 = 39; }}};
  Fixture f;
  const M original = f.store.load(f.folder("step-12-b0-g1.2"))->manifest;
  for (const auto& [field, change] : changes) {
    f.change_manifest("step-12-b0-g1.2", change);
    EXPECT_EQ(f.restore(""), 8) << field;
    ASSERT_EQ(f.rejected.size(), 1u) << field;
    EXPECT_THAT(f.rejected[0].reason, ::testing::HasSubstr(std::string("its ") + field));
    f.change_manifest("step-12-b0-g1.2", [&](M& m) { m = original; });
  }
  EXPECT_EQ(f.restore(""), 12);
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

TEST(Restoring, FindsTheNewestGenerationThatWasOnlyLaunched) {
  Fixture f;
  ASSERT_TRUE(make_directories(f.run.store() + "/generations"));
  for (const char* name : {"7.9", "7.10", "6.99", ".nfs0001"})
    ASSERT_TRUE(write_file_durably(f.run.store() + "/generations/" + name, ""));
  const auto found = Restoring(f.config, f.layout, f.store).look(0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->newest_term, 7);
  EXPECT_EQ(found->newest_sequence, 10);
}

TEST(Restoring, SaysWhyNothingOfWhatWasSavedCanBeRestored) {
  Fixture f;
  for (const char* name : {"step-12-b0-g1.2", "step-8-b0-g1.2", "step-8-b0-g1.1", "step-4-b0-g1.1"})
    std::filesystem::resize_file(f.folder(name) + "/manifest.json", 10);
  const auto found = Restoring(f.config, f.layout, f.store).look(0);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->restorable);
  EXPECT_THAT(found->unusable, ::testing::HasSubstr("step-"));
}

}  // namespace
}  // namespace longhaul::trainer
