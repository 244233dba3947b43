// Small checkpoints whose every float follows from (step, section, index), so that a test can tell right
// from wrong bytes without keeping a copy. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/store/store.h"
#include "tests/support/simulated_file_system.h"

namespace longhaul::checkpoint {

inline constexpr const char* kStorePath = "/store";
inline constexpr int64_t kFlatSize = 300;

// Small blocks and pieces, so that all edges are met.
inline constexpr StoreOptions kSmallBlocks{.block_size_bytes = 512, .io_size_bytes = 1000};

std::vector<float> section_values(int64_t step, const std::string& section);
Manifest manifest_of(const CheckpointKey& key, int64_t dp);

// create, write_shard for dp ranks, commit; after a failure discard, and the failure is returned.
Result<Checkpoint> save(Store& store, const CheckpointKey& key, int64_t dp);

// Everything in it, read back and compared bit for bit; empty when all is right.
std::string difference(const Store& store, const Checkpoint& checkpoint);

// A disk that holds an empty, durable store.
void make_store(SimulatedFileSystem& disk);

}  // namespace longhaul::checkpoint
