#include "base/crypto/sha256.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Sha256, AgreesWithThePublishedVectors) {  // FIPS 180-4 examples
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("", 16), "e3b0c44298fc1c14");
}

TEST(Sha256, GivesADigestOfThePrefixWithoutStoppingTheStream) {
  Sha256 hash;
  hash.update("a", 1);
  EXPECT_EQ(hash.hex(), sha256_hex("a"));
  hash.update("bc", 2);
  EXPECT_EQ(hash.hex(), sha256_hex("abc"));
}

TEST(Sha256, WritesIntegersLittleEndian) {
  Sha256 hash;
  hash.update_u64_le(0x0807060504030201);
  EXPECT_EQ(hash.hex(), sha256_hex("\x01\x02\x03\x04\x05\x06\x07\x08"));
}

}  // namespace
}  // namespace longhaul
