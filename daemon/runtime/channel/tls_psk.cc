#include "daemon/runtime/channel/tls_psk.h"

#include <cstring>

#include <openssl/ssl.h>

#include "base/core/check.h"
#include "base/crypto/sha256.h"

namespace longhaul::daemon {
namespace {

namespace ssl = boost::asio::ssl;

constexpr char kIdentity[] = "longhaul";
constexpr unsigned char kAes128GcmSha256[2] = {0x13,
                                               0x01};  // RFC 8446 B.4; external PSKs are bound to SHA-256

using Secret = std::array<uint8_t, 32>;

void free_secret(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Secret*>(pointer);
}

int secret_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_secret);
  return index;
}

SSL_SESSION* session_with_key(SSL* handle) {
  const auto* secret =
      static_cast<const Secret*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(handle), secret_index()));
  const SSL_CIPHER* cipher = SSL_CIPHER_find(handle, kAes128GcmSha256);
  SSL_SESSION* session = SSL_SESSION_new();
  if (session == nullptr || cipher == nullptr ||
      SSL_SESSION_set1_master_key(session, secret->data(), secret->size()) != 1 ||
      SSL_SESSION_set_cipher(session, cipher) != 1 ||
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1) {
    SSL_SESSION_free(session);
    return nullptr;
  }
  return session;
}

int find_session(SSL* handle, const unsigned char* identity, size_t size, SSL_SESSION** session) {
  *session = nullptr;
  if (size != sizeof kIdentity - 1 || std::memcmp(identity, kIdentity, size) != 0)
    return 1;  // unknown: no key
  *session = session_with_key(handle);
  return *session != nullptr ? 1 : 0;
}

int use_session(SSL* handle, const EVP_MD* digest, const unsigned char** identity, size_t* size,
                SSL_SESSION** session) {
  *session = nullptr;
  *identity = reinterpret_cast<const unsigned char*>(kIdentity);
  *size = sizeof kIdentity - 1;
  if (digest != nullptr && EVP_MD_get_type(digest) != NID_sha256) return 1;
  *session = session_with_key(handle);
  return *session != nullptr ? 1 : 0;
}

std::shared_ptr<ssl::context> make_context(ssl::context::method method, const std::string& key) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* handle = context->native_handle();
  CHECK(SSL_CTX_set_min_proto_version(handle, TLS1_3_VERSION) == 1);
  CHECK(SSL_CTX_set_ciphersuites(handle, "TLS_AES_128_GCM_SHA256") == 1);
  SSL_CTX_set_num_tickets(handle, 0);
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  Sha256 hash;
  hash.update("longhaul channel key 1\0", 23);
  hash.update(key.data(), key.size());
  CHECK(SSL_CTX_set_ex_data(handle, secret_index(), new Secret(hash.digest())) == 1);
  return context;
}

}  // namespace

std::shared_ptr<ssl::context> make_psk_server_context(const std::string& key) {
  auto context = make_context(ssl::context::tlsv13_server, key);
  SSL_CTX_set_psk_find_session_callback(context->native_handle(), &find_session);
  return context;
}

std::shared_ptr<ssl::context> make_psk_client_context(const std::string& key) {
  auto context = make_context(ssl::context::tlsv13_client, key);
  // A server that answers with a certificate instead of the key has nothing here to verify it against.
  context->set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_psk_use_session_callback(context->native_handle(), &use_session);
  return context;
}

}  // namespace longhaul::daemon
