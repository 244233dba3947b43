// Reads a checkpoint by (section, flat range), whatever files hold it, and hands out no byte whose block
// has not been checked against the manifest. Keeps the last block, so that neighbouring reads cost nothing.
// Thread-safety: one object, one thread; different objects may read the same checkpoint.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/core/file_system.h"
#include "checkpoint/store/store.h"

namespace longhaul::checkpoint {

class CheckpointReader {
 public:
  // Both must outlive the reader.
  CheckpointReader(FileSystem& files, const Checkpoint& checkpoint)
      : files_(files), checkpoint_(checkpoint) {}

  // See Store::read_range.
  Result<> read(const std::string& name, int64_t flat_begin, std::span<float> values);
  // Every byte of one of the manifest's files, from the device: length, blocks, header, fragments.
  Result<> verify_file(const ShardEntry& entry);

 private:
  Result<> open(const ShardEntry& entry);
  // Makes block_ the verified bytes of that block.
  Result<> load_block(const ShardEntry& entry, int64_t index);
  Result<> copy_verified(const ShardEntry& entry, int64_t offset, std::span<std::byte> bytes);

  FileSystem& files_;
  const Checkpoint& checkpoint_;
  const ShardEntry* open_entry_ = nullptr;
  std::unique_ptr<File> file_;
  int64_t block_index_ = -1;  // of open_entry_; -1: block_ holds nothing
  std::vector<std::byte> block_;
};

}  // namespace longhaul::checkpoint
