#include <functional>

#include <gtest/gtest.h>

#include "checkpoint/format/manifest.h"
#include "tests/checkpoint/format/manifest_example.h"

namespace longhaul::checkpoint {
namespace {

TEST(ManifestCheck, AcceptsARightManifest) {
  const auto checked = check_manifest(example_manifest());
  EXPECT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(example_manifest().size_bytes(), 2 * (4096 + 144));
}

TEST(ManifestCheck, SaysWhatIsWrongWhere) {
  const struct {
    std::function<void(Manifest&)> damage;
    const char* message;
  } cases[] = {
      {[](Manifest& m) { m.run = ""; }, "run is empty"},
      {[](Manifest& m) { m.identity = ""; }, "identity is empty"},
      {[](Manifest& m) { m.key.step = -1; }, "step -1"},
      {[](Manifest& m) { m.key.generation = "3"; }, "'3' is not a generation"},
      {[](Manifest& m) { m.parent = "latest"; }, "'latest' is not the name of a checkpoint"},
      {[](Manifest& m) { m.samples = -1; }, "samples is -1"},
      {[](Manifest& m) { m.tokens = -1; }, "tokens is -1"},
      {[](Manifest& m) { m.cursor.next_sample = -1; }, "cursor.next_sample is -1"},
      {[](Manifest& m) { m.cursor.skipped_samples = -2; }, "cursor.skipped_samples is -2"},
      {[](Manifest& m) { m.topology.dp = 0; }, "topology.dp is 0"},
      {[](Manifest& m) { m.layout.tensors[1].offset = 3; }, "'ln_f.bias' begins at 3"},
      {[](Manifest& m) { m.files[1].name = m.files[0].name; }, "'rank-00000.safetensors' is there twice"},
      {[](Manifest& m) { m.files[1].name = "../rank"; }, "'../rank' cannot name a shard"},
      {[](Manifest& m) { m.files[1].name = ".."; }, "'..' cannot name a shard"},
      {[](Manifest& m) { m.files[1].name = "/etc/passwd"; }, "cannot name a shard"},
      {[](Manifest& m) { m.files[1].name = ""; }, "cannot name a shard"},
      {[](Manifest& m) { m.files[1].name = "manifest.json"; }, "cannot name a shard"},
      {[](Manifest& m) { m.files[1].size_bytes = -4; }, "file 'rank-00001.safetensors': size_bytes is -4"},
      {[](Manifest& m) { m.files[1].block_size_bytes = 0; }, "block_size_bytes is 0"},
      {[](Manifest& m) { m.files[1].blocks.pop_back(); }, "4240 bytes are 2 blocks, but it has 1 digests"},
      {[](Manifest& m) { m.files[1].blocks[0] = "0x"; }, "'0x' is not a digest"},
      {[](Manifest& m) { m.files[1].fragments[0].name = "weights"; }, "'weights' is none of master, m, v"},
      {[](Manifest& m) { m.files[1].fragments[0].digest = ""; }, "'' is not a digest"},
      {[](Manifest& m) { m.files[1].fragments[0].offset = 0; }, "does not fit"},
      {[](Manifest& m) { m.files[1].fragments[0].offset = 4240 - 44; },
       "at byte 4196 does not fit into 4240 bytes"},
      {[](Manifest& m) { m.files[1].fragments[0].flat_end = 25; }, "master [12, 25) is no part of [0, 24)"},
      {[](Manifest& m) { m.files[1].fragments[0].flat_end = 12; }, "master [12, 12) is no part"},
      {[](Manifest& m) { m.files[1].fragments[0].flat_begin = -1; }, "master [-1, 24) is no part"},
      {[](Manifest& m) { m.files[1].fragments[0].flat_begin = 13; }, "no file holds master [12, 13)"},
      {[](Manifest& m) { m.files[0].fragments[1].flat_end = 11; }, "no file holds m [11, 12)"},
      {[](Manifest& m) { m.files[1].fragments[2].flat_end = 23; }, "no file holds v [23, 24)"},
      {[](Manifest& m) { m.files[1].fragments[1].flat_begin = 10; }, "m [10, 12) is there twice"},
      {[](Manifest& m) { m.files.pop_back(); }, "no file holds master [12, 24)"},
      {[](Manifest& m) { m.files.clear(); }, "no file holds master [0, 24)"},
  };
  for (const auto& c : cases) {
    Manifest manifest = example_manifest();
    c.damage(manifest);
    const auto checked = check_manifest(manifest);
    ASSERT_FALSE(checked) << c.message;
    EXPECT_NE(checked.error().message.find(c.message), std::string::npos)
        << "wanted: " << c.message << "\ngot: " << checked.error().message;
    EXPECT_FALSE(manifest_to_text(manifest));
  }
}

}  // namespace
}  // namespace longhaul::checkpoint
