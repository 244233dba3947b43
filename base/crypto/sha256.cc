#include "base/crypto/sha256.h"

#include <openssl/evp.h>

#include "base/core/check.h"

namespace longhaul {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  CHECK(impl_->context != nullptr);
  CHECK(EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(const void* data, size_t size_bytes) {
  CHECK(EVP_DigestUpdate(impl_->context, data, size_bytes) == 1);
}

void Sha256::update_u32_le(uint32_t value) {
  uint8_t bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  update(bytes, sizeof bytes);
}

void Sha256::update_u64_le(uint64_t value) {
  update_u32_le(static_cast<uint32_t>(value));
  update_u32_le(static_cast<uint32_t>(value >> 32));
}

std::array<uint8_t, 32> Sha256::digest() const {
  Impl copy;
  std::array<uint8_t, 32> result{};
  unsigned size = 0;
  CHECK(EVP_MD_CTX_copy_ex(copy.context, impl_->context) == 1);
  CHECK(EVP_DigestFinal_ex(copy.context, result.data(), &size) == 1 && size == result.size());
  return result;
}

std::string Sha256::hex(size_t digits) const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest()) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  text.resize(digits);
  return text;
}

std::string sha256_hex(std::string_view bytes, size_t digits) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.hex(digits);
}

}  // namespace longhaul
