#include "checkpoint/format/state_digest.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

// Written out by hand, so that the documented order of the bytes stays what it is.
TEST(StateDigest, IsSha256OverStepValuesAndCursorInTheDocumentedOrder) {
  const float values[] = {1.0F, -0.0F};
  StateDigest digest(120);
  digest.update(std::span(values).first(1));
  digest.update(std::span(values).last(1));
  const std::string bytes(
      "\x78\0\0\0\0\0\0\0"   // step 120
      "\0\0\x80\x3f"         // 1.0
      "\0\0\0\x80"           // -0.0: bits count, not values
      "\x2a\0\0\0\0\0\0\0"   // seed 42
      "\0\x01\0\0\0\0\0\0"   // next_sample 256
      "\x03\0\0\0\0\0\0\0",  // skipped_samples 3
      40);
  EXPECT_EQ(digest.finish({42, 256, 3}), sha256_hex(bytes, 16));
}

}  // namespace
}  // namespace longhaul::checkpoint
