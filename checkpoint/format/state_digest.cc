#include "checkpoint/format/state_digest.h"

#include <bit>

namespace longhaul::checkpoint {

static_assert(std::endian::native == std::endian::little, "files and digests hold little-endian f32");

StateDigest::StateDigest(int64_t step) { sha_.update_u64_le(static_cast<uint64_t>(step)); }

void StateDigest::update(std::span<const float> values) { sha_.update(values.data(), values.size_bytes()); }

std::string StateDigest::finish(const DataCursor& cursor) {
  sha_.update_u64_le(cursor.seed);
  sha_.update_u64_le(static_cast<uint64_t>(cursor.next_sample));
  sha_.update_u64_le(static_cast<uint64_t>(cursor.skipped_samples));
  return sha_.hex(16);
}

}  // namespace longhaul::checkpoint
