#include "checkpoint/format/digest.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Digest, IsXxh3AsTheXxhsumProgramPrintsIt) {
  EXPECT_EQ(xxh3_hex(bytes_of("")), "99aa06d3014798d86001c324468d497f");  // the published vector for no input
  EXPECT_TRUE(is_xxh3_hex(xxh3_hex(bytes_of("abc"))));
  EXPECT_FALSE(is_xxh3_hex("99AA06D3014798D86001C324468D497F"));
  EXPECT_FALSE(is_xxh3_hex("99aa06d3"));
}

TEST(Digest, OfAStreamDoesNotDependOnItsCuts) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7 % 251);
  for (const size_t cut : {1U, 3U, 64U, 100U, 999U, 5000U}) {
    StreamDigest stream;
    BlockDigests blocks(100);
    for (size_t at = 0; at < text.size(); at += cut) {
      stream.update(bytes_of(text.substr(at, cut)));
      blocks.update(bytes_of(text.substr(at, cut)));
    }
    EXPECT_EQ(stream.hex(), xxh3_hex(bytes_of(text)));
    const auto digests = blocks.finish();
    ASSERT_EQ(digests.size(), 50U);
    EXPECT_EQ(digests[17], xxh3_hex(bytes_of(text.substr(1700, 100))));
  }
}

TEST(Digest, GivesAShortLastBlockItsOwnDigest) {
  BlockDigests blocks(100);
  const std::string text(150, 'x');
  blocks.update(bytes_of(text));
  const auto digests = blocks.finish();
  ASSERT_EQ(digests.size(), 2U);
  EXPECT_EQ(digests[1], xxh3_hex(bytes_of(std::string(50, 'x'))));
  EXPECT_TRUE(blocks.finish().empty());
}

}  // namespace
}  // namespace longhaul::checkpoint
