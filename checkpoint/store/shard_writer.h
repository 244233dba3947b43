// One rank's file of a checkpoint: written once, digested on the way, synced. Thread-safe (no state).
#pragma once

#include <string>
#include <vector>

#include "base/core/file_system.h"
#include "checkpoint/format/safetensors.h"
#include "checkpoint/store/store.h"

namespace longhaul::checkpoint {

// "rank-00003.safetensors"
std::string shard_file_name(int rank);
// "master@4096": the name of a fragment's tensor inside the file.
std::string fragment_tensor_name(const std::string& name, int64_t flat_begin);

// See Store::write_shard.
Result<ShardEntry> write_shard_file(FileSystem& files, const std::string& folder, int rank,
                                    const std::vector<ShardFragment>& fragments, const StoreOptions& options);

}  // namespace longhaul::checkpoint
