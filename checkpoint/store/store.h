// Checkpoints on a shared disk: write shards, commit, discover, read back. Layout below store_path:
//   checkpoints/step-120-b0-g3.1/{manifest.json, rank-00000.safetensors, …}
//   branches/N.json               {branch, parent, fork_step, reason}; branch 0 needs none
//   generations/T.S               launches of the ranks: commits of older ones are refused
//   documents/distrusted/<folder>.json   {reason}: not restored from
//
// How a save goes, over all ranks:
//   rank 0: create(key)                      every rank waits for it
//   rank r: write_shard(key, r, fragments)   → ShardEntry, sent to rank 0
//   rank 0: commit(manifest)                 the rename of manifest.json is the only commit point
//   if any of it failed: rank 0: discard(key), once no rank writes any more
// No file names the latest checkpoint: discover() reads the manifests that are there.
//
// Thread-safety: const members may be called at once from several threads, and from several processes on the
// same store. create, commit and discard are for rank 0 of a generation, remove and sweep_torn for the
// daemon; each from one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/core/file_system.h"
#include "base/core/result.h"
#include "checkpoint/format/manifest.h"

namespace longhaul::checkpoint {

// Part of one section's flat vector, in memory.
struct ShardFragment {
  std::string name;  // one of kSections
  int64_t flat_begin = 0;
  std::span<const float> values;
};

struct Checkpoint {
  std::string path;  // of its folder
  Manifest manifest;
  const CheckpointKey& key() const { return manifest.key; }
};

// A folder that cannot be restored from, and why.
struct Rejected {
  enum class Why {
    kTorn,        // no manifest: never committed, or being removed
    kDamaged,     // a manifest is there but wrong
    kForeign,     // not the name of a checkpoint, or no folder
    kDistrusted,  // by documents/distrusted
  };
  std::string path;
  Why why = Why::kTorn;
  std::string reason;
};

struct Discovery {
  std::vector<Checkpoint> committed;  // newest first by (step, generation)
  std::vector<Rejected> rejected;
};

struct StoreOptions {
  int64_t block_size_bytes = kBlockSizeBytes;
  int64_t io_size_bytes = 8 << 20;
};

class Store {
 public:
  // store_path must exist. Does not touch the disk.
  Store(FileSystem& files, std::string store_path, StoreOptions options = {});

  // The folder's path. kConflict when the name was used before.
  Result<std::string> create(const CheckpointKey& key);

  // Writes, digests and syncs this rank's file. kNoSpace names path, needed and available bytes. After an
  // error the file is gone again and nothing of it counts.
  Result<ShardEntry> write_shard(const CheckpointKey& key, int rank,
                                 const std::vector<ShardFragment>& fragments) const;

  // The manifest names the files; each must be there in full length. kDenied when generations/ names a
  // newer generation. Success means: restorable after any power cut.
  Result<Checkpoint> commit(const Manifest& manifest);

  // Removes what a failed save left. kConflict when the checkpoint is committed.
  Result<> discard(const CheckpointKey& key);

  // Never deletes anything. A manifest that cannot be read (kIo, …) says nothing about the checkpoint: the
  // whole call fails.
  Result<Discovery> discover() const;
  // By folder path; kNotFound when torn, kCorrupt when the manifest is wrong.
  Result<Checkpoint> load(const std::string& folder_path) const;

  // Fills `values` from [flat_begin, flat_begin + size) of a section, whatever topology wrote it. Every
  // block that is touched is checked first; kCorrupt names the file and the block. kNotFound: a file that the
  // manifest names is not there.
  Result<> read_range(const Checkpoint& checkpoint, const std::string& name, int64_t flat_begin,
                      std::span<float> values) const;
  // Reads everything, from the device rather than from what memory remembers of it: lengths, blocks, headers,
  // fragments.
  Result<> verify(const Checkpoint& checkpoint) const;
  // The same, the manifest included.
  Result<> read_back(const std::string& folder_path) const;
  // As in format/state_digest.h; reads only verified bytes.
  Result<std::string> state_digest(const Checkpoint& checkpoint) const;

  // Uncommits first, then deletes: interrupted anywhere, a torn folder remains. Works on torn ones too.
  Result<> remove(const CheckpointKey& key);
  // Deletes torn folders of generations before `current` that are older than the newest committed
  // checkpoint. Returns their paths. Damaged and foreign folders are left for a person to look at.
  Result<std::vector<std::string>> sweep_torn(const std::string& current_generation);

  FileSystem& files() const { return files_; }
  const std::string& path() const { return store_path_; }
  std::string checkpoints_path() const { return store_path_ + "/checkpoints"; }
  Result<std::string> folder_path(const CheckpointKey& key) const;

 private:
  Result<> prepare_checkpoints_folder();
  Result<> check_not_fenced(const CheckpointKey& key) const;
  Result<> publish_manifest(const std::string& folder, const std::string& text, const CheckpointKey& key);
  Result<> delete_folder(const std::string& folder);

  FileSystem& files_;
  std::string store_path_;
  StoreOptions options_;
  bool prepared_ = false;
};

}  // namespace longhaul::checkpoint
