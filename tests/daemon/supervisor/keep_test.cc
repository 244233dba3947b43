// After each save the daemon reads the newest checkpoint back, and only then deletes older ones.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/posix_file_system.h"
#include "tests/checkpoint/store/store_fixture.h"
#include "tests/daemon/supervisor/supervisor_fixture.h"

namespace longhaul::daemon {
namespace {

class KeepTest : public SupervisorFixture {
 protected:
  KeepTest() { config_.checkpoint.keep_last = 1; }

  void train() {
    ASSERT_TRUE(start());
    connect_agent();
    ASSERT_NE(hear<wire::Launch>(), nullptr);
    spool(1, {R"({"rank":0,"generation":"1.1","phase":"restore","restored_step":0})",
              R"({"rank":0,"generation":"1.1","phase":"train","step":1,"loss":2.5})"});
    ASSERT_TRUE(hear_acknowledged(2));
  }
  // Written as ranks write it; the daemon is told by tell().
  std::string save(int64_t step) {
    checkpoint::Store store(files_, folder_ / "store", checkpoint::kSmallBlocks);
    return checkpoint::save(store, {step, 0, "1.1"}, 1).value().path;
  }
  void tell(int64_t seq, int64_t step, const std::string& path) {
    spool(seq, {R"({"rank":0,"generation":"1.1","checkpoint":{"step":)" + std::to_string(step) +
                R"(,"path":")" + path + R"(","size_bytes":1,"duration_ms":1,"stall_ms":1}})"});
  }
  bool there(int64_t step) const {
    return std::filesystem::exists(folder_ / ("store/checkpoints/step-" + std::to_string(step) + "-b0-g1.1"));
  }

  PosixFileSystem files_;
};

TEST_F(KeepTest, AnOlderCheckpointGoesOnceTheNewerOneWasReadBack) {
  train();
  save(10);
  tell(3, 20, save(20));
  EXPECT_TRUE(until([&] { return !there(10); }));
  EXPECT_TRUE(there(20));
}

TEST_F(KeepTest, ADamagedNewestIsDistrustedAndTheOlderOneStays) {
  train();
  save(10);
  const std::string newest = save(20);
  const std::string shard = "store/checkpoints/step-20-b0-g1.1/rank-00000.safetensors";
  std::string bytes = folder_.read(shard);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.write(shard, bytes);
  tell(3, 20, newest);
  const std::string document = folder_ / "store/documents/distrusted/step-20-b0-g1.1.json";
  EXPECT_TRUE(until([&] { return std::filesystem::exists(document); }));
  save(30);
  tell(4, 30, save(40));
  EXPECT_TRUE(until([&] { return !there(30); })) << "the next round runs, and keeps what is to be looked at";
  EXPECT_TRUE(there(20));
  EXPECT_TRUE(there(40));
}

}  // namespace
}  // namespace longhaul::daemon
