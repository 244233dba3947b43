// manifest.json: what a checkpoint consists of. Its appearance under that name is the commit; a folder
// without it is torn. docs/checkpoint-format.md describes every field.
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "checkpoint/format/checkpoint_key.h"
#include "checkpoint/format/layout.h"

namespace longhaul::checkpoint {

inline constexpr int64_t kManifestVersion = 1;
inline constexpr int64_t kBlockSizeBytes = 16 << 20;
inline constexpr int64_t kFixedPointScaleLog2 = 40;
inline constexpr const char* kManifestName = "manifest.json";

// The parts of the state, each a flat f32 vector of Layout::flat_size elements.
inline constexpr const char* kSections[] = {"master", "m", "v"};

// A run of one section's flat vector, as a 1-D F32 tensor in a shard file.
struct Fragment {
  std::string name;  // one of kSections
  int64_t flat_begin = 0;
  int64_t flat_end = 0;
  int64_t offset = 0;  // bytes from the start of the file
  std::string digest;  // xxh3_hex of its bytes
  int64_t size_bytes() const { return (flat_end - flat_begin) * 4; }
  bool operator==(const Fragment&) const = default;
};

// One shard file; what a rank reports to rank 0 after writing it.
struct ShardEntry {
  std::string name;  // file name in the checkpoint's folder
  int64_t size_bytes = 0;
  int64_t block_size_bytes = kBlockSizeBytes;
  std::vector<std::string> blocks;  // xxh3_hex of each block of the file
  std::vector<Fragment> fragments;
  bool operator==(const ShardEntry&) const = default;
};

struct Topology {
  int64_t tp = 1;
  int64_t pp = 1;
  int64_t dp = 1;
  int64_t micro_batch = 1;
  int64_t global_batch = 1;
  bool operator==(const Topology&) const = default;
};

// Where the data order stands. Everything random is derived from (seed, global sample index), so this is
// also the whole state of the random generators.
struct DataCursor {
  uint64_t seed = 0;
  int64_t next_sample = 0;      // global index of the first sample not yet consumed
  int64_t skipped_samples = 0;  // left out by skip windows so far
  bool operator==(const DataCursor&) const = default;
};

struct Manifest {
  std::string run;
  std::string identity;  // hash of what may not change within a run
  CheckpointKey key;     // step, branch, generation
  std::string parent;    // folder name this state was restored from; empty: from step 0
  int64_t samples = 0;   // consumed since step 0
  int64_t tokens = 0;
  DataCursor cursor;
  Topology topology;
  int64_t fixed_point_scale_log2 = kFixedPointScaleLog2;
  Layout layout;
  std::vector<ShardEntry> files;

  int64_t size_bytes() const;  // of all files
  bool operator==(const Manifest&) const = default;
};

// Every rule between the fields, above all: in each section the fragments of all files cover
// [0, flat_size) exactly once. kInvalid says what is wrong where.
Result<> check_manifest(const Manifest& manifest);

// The text begins {"sha256":"<64 hex digits>", — the SHA-256 of the whole text with these digits
// replaced by 64 zeros. Fails with check_manifest's error.
Result<std::string> manifest_to_text(const Manifest& manifest);
// kCorrupt: digest, syntax, a missing or unknown field, a broken rule.
Result<Manifest> parse_manifest(std::string_view text);

// The form in which ranks send their entry to rank 0.
std::string shard_entry_to_text(const ShardEntry& entry);
Result<ShardEntry> parse_shard_entry(std::string_view text);

}  // namespace longhaul::checkpoint
