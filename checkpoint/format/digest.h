// XXH3-128 over blocks of a byte stream: finds flipped bits at memory speed. Not cryptographic; the
// manifest that holds these digests is itself under SHA-256.
// Thread-safety: one object, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace longhaul::checkpoint {

// 32 lower-case hex digits, the same as `xxhsum -H2` prints.
std::string xxh3_hex(std::span<const std::byte> bytes);
bool is_xxh3_hex(const std::string& text);

class StreamDigest {
 public:
  StreamDigest();
  ~StreamDigest();
  StreamDigest(StreamDigest&&) noexcept;
  StreamDigest& operator=(StreamDigest&&) noexcept;
  void update(std::span<const std::byte> bytes);
  // Of everything since construction or the last reset.
  std::string hex() const;
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One digest for each block_size_bytes of the stream; the last block may be short.
class BlockDigests {
 public:
  explicit BlockDigests(int64_t block_size_bytes);
  void update(std::span<const std::byte> bytes);
  std::vector<std::string> finish();

 private:
  int64_t block_size_bytes_;
  int64_t in_block_bytes_ = 0;
  StreamDigest digest_;
  std::vector<std::string> digests_;
};

}  // namespace longhaul::checkpoint
