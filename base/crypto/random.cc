#include "base/crypto/random.h"

#include <cstring>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/core/check.h"

namespace longhaul {
namespace {

std::vector<uint8_t> random_bytes(size_t size_bytes) {
  std::vector<uint8_t> bytes(size_bytes);
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(size_bytes)) == 1);
  return bytes;
}

std::string to_hex(const std::vector<uint8_t>& bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

}  // namespace

std::string random_hex(size_t size_bytes) { return to_hex(random_bytes(size_bytes)); }

std::string random_uuid() {
  auto bytes = random_bytes(16);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string hex = to_hex(bytes);
  for (const size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

uint64_t random_u64() {
  uint64_t value = 0;
  const auto bytes = random_bytes(sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool equal_in_constant_time(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace longhaul
