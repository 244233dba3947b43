#include "tests/checkpoint/store/store_fixture.h"

#include <cstring>

#include <fmt/format.h>

namespace longhaul::checkpoint {

std::vector<float> section_values(int64_t step, const std::string& section) {
  std::vector<float> values;
  for (int64_t i = 0; i < kFlatSize; ++i) {
    values.push_back(static_cast<float>(step * 1000 + i) * (section == "master" ? 1.0F
                                                            : section == "m"    ? -0.5F
                                                                                : 3.0F));
  }
  return values;
}

Manifest manifest_of(const CheckpointKey& key, int64_t dp) {
  Manifest m;
  m.run = "test";
  m.identity = "identity";
  m.key = key;
  m.samples = key.step * 16;
  m.tokens = key.step * 4096;
  m.cursor = {42, key.step * 16, 0};
  m.topology = {1, 1, dp, 2, 16};
  m.layout = {{{"a", {10, 12}, 0, 120}, {"b", {150}, 128, 150}}, kFlatSize};
  return m;
}

namespace {

Result<Checkpoint> try_save(Store& store, const CheckpointKey& key, int64_t dp) {
  LH_TRY(store.create(key));
  Manifest manifest = manifest_of(key, dp);
  for (int64_t rank = 0; rank < dp; ++rank) {
    const int64_t begin = kFlatSize * rank / dp;
    const int64_t end = kFlatSize * (rank + 1) / dp;
    std::vector<std::vector<float>> values;
    std::vector<ShardFragment> fragments;
    for (const char* section : kSections) values.push_back(section_values(key.step, section));
    for (size_t s = 0; s < values.size(); ++s) {
      const auto part = std::span<const float>(values[s]).subspan(static_cast<size_t>(begin),
                                                                  static_cast<size_t>(end - begin));
      fragments.push_back({kSections[s], begin, part});
    }
    LH_ASSIGN(const ShardEntry entry, store.write_shard(key, static_cast<int>(rank), fragments));
    // As a rank would send it.
    LH_ASSIGN(ShardEntry received, parse_shard_entry(shard_entry_to_text(entry)));
    manifest.files.push_back(std::move(received));
  }
  return store.commit(manifest);
}

}  // namespace

Result<Checkpoint> save(Store& store, const CheckpointKey& key, int64_t dp) {
  auto saved = try_save(store, key, dp);
  if (!saved && saved.error().code != ErrorCode::kConflict) static_cast<void>(store.discard(key));
  return saved;
}

std::string difference(const Store& store, const Checkpoint& checkpoint) {
  const auto verified = store.verify(checkpoint);
  if (!verified) return verified.error().message;
  for (const char* section : kSections) {
    std::vector<float> values(kFlatSize);
    const auto read = store.read_range(checkpoint, section, 0, values);
    if (!read) return read.error().message;
    if (std::memcmp(values.data(), section_values(checkpoint.key().step, section).data(),
                    values.size() * 4) != 0) {
      return fmt::format("{}: section {} has wrong values", checkpoint.path, section);
    }
  }
  return "";
}

void make_store(SimulatedFileSystem& disk) {
  disk.put_file(std::string(kStorePath) + "/documents/readme", "");
}

}  // namespace longhaul::checkpoint
