#include <gtest/gtest.h>

#include "base/crypto/sha256.h"
#include "checkpoint/format/manifest.h"
#include "tests/checkpoint/format/manifest_example.h"

namespace longhaul::checkpoint {
namespace {

TEST(ManifestText, ReadsWhatItWrote) {
  const std::string text = manifest_to_text(example_manifest()).value();
  EXPECT_EQ(parse_manifest(text).value(), example_manifest());
}

TEST(ManifestText, CarriesTheSha256OfItselfWithZerosInItsPlace) {
  std::string text = manifest_to_text(example_manifest()).value();
  const std::string digest = text.substr(11, 64);
  text.replace(11, 64, 64, '0');
  EXPECT_EQ(digest, sha256_hex(text));
}

TEST(ManifestText, DetectsAnyFlippedBit) {
  const std::string text = manifest_to_text(example_manifest()).value();
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto manifest = parse_manifest(damaged);
      ASSERT_FALSE(manifest) << i;
      EXPECT_EQ(manifest.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(ManifestText, DetectsACutOrATail) {
  const std::string text = manifest_to_text(example_manifest()).value();
  for (size_t size = 0; size < text.size(); ++size)
    ASSERT_FALSE(parse_manifest(text.substr(0, size))) << size;
  EXPECT_FALSE(parse_manifest(text + " "));
  EXPECT_FALSE(parse_manifest(text + text));
}

// A right digest over wrong content: from a buggy or malicious writer.
TEST(ManifestText, ChecksTheContentBehindARightDigest) {
  const auto sealed = [](std::string text) { return text.replace(11, 64, sha256_hex(text)); };
  const std::string start = "{\"sha256\":\"" + std::string(64, '0') + "\"";
  EXPECT_NE(parse_manifest(sealed(start + "}")).error().message.find("'version' is missing"),
            std::string::npos);
  EXPECT_NE(parse_manifest(sealed(start + ",\"a\":1,\"a\":1}")).error().message.find("'a' is there twice"),
            std::string::npos);
  EXPECT_NE(parse_manifest(sealed(start)).error().message.find("not valid JSON"), std::string::npos);
  EXPECT_EQ(parse_manifest(sealed(start + "}")).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace longhaul::checkpoint
