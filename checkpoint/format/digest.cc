#include "checkpoint/format/digest.h"

#define XXH_INLINE_ALL
#include <algorithm>
#include <utility>

#include <xxhash.h>

#include "base/core/check.h"

namespace longhaul::checkpoint {
namespace {

std::string hex_of(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

struct StreamDigest::State {
  XXH3_state_t xxh;  // aligned to 64 by its declaration
};

std::string xxh3_hex(std::span<const std::byte> bytes) {
  return hex_of(XXH3_128bits(bytes.data(), bytes.size()));
}

bool is_xxh3_hex(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

StreamDigest::StreamDigest() : state_(std::make_unique<State>()) { reset(); }
StreamDigest::~StreamDigest() = default;
StreamDigest::StreamDigest(StreamDigest&&) noexcept = default;
StreamDigest& StreamDigest::operator=(StreamDigest&&) noexcept = default;

void StreamDigest::update(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}
std::string StreamDigest::hex() const { return hex_of(XXH3_128bits_digest(&state_->xxh)); }
void StreamDigest::reset() { XXH3_128bits_reset(&state_->xxh); }

BlockDigests::BlockDigests(int64_t block_size_bytes) : block_size_bytes_(block_size_bytes) {
  CHECK(block_size_bytes > 0);
}

void BlockDigests::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t n = std::min(bytes.size(), static_cast<size_t>(block_size_bytes_ - in_block_bytes_));
    digest_.update(bytes.first(n));
    bytes = bytes.subspan(n);
    in_block_bytes_ += static_cast<int64_t>(n);
    if (in_block_bytes_ < block_size_bytes_) continue;
    digests_.push_back(digest_.hex());
    digest_.reset();
    in_block_bytes_ = 0;
  }
}

std::vector<std::string> BlockDigests::finish() {
  if (in_block_bytes_ > 0) digests_.push_back(digest_.hex());
  digest_.reset();
  in_block_bytes_ = 0;
  return std::exchange(digests_, {});
}

}  // namespace longhaul::checkpoint
