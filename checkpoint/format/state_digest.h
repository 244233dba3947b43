// One number for the whole state, the same whatever topology holds it: the first 16 hex digits of
// SHA-256 over
//   u64-le step,
//   for each section in the order master, m, v: for each tensor in layout order: its f32-le elements,
//   u64-le seed, u64-le next_sample, u64-le skipped_samples (the data cursor).
// Padding of the flat vector is left out.
// Thread-safety: one object, one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/crypto/sha256.h"
#include "checkpoint/format/manifest.h"

namespace longhaul::checkpoint {

class StateDigest {
 public:
  explicit StateDigest(int64_t step);
  void update(std::span<const float> values);  // in the order above, in any cuts
  std::string finish(const DataCursor& cursor);

 private:
  Sha256 sha_;
};

}  // namespace longhaul::checkpoint
