// SHA-256 through OpenSSL. Not thread-safe (one object, one thread).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace longhaul {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(const void* data, size_t size_bytes);
  void update_u32_le(uint32_t value);
  void update_u64_le(uint64_t value);
  // The digest of everything so far; the object can go on being updated.
  std::array<uint8_t, 32> digest() const;
  // The first `digits` (≤ 64) lower-case hex digits of digest().
  std::string hex(size_t digits = 64) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256_hex(std::string_view bytes, size_t digits = 64);

}  // namespace longhaul
