#include <fmt/format.h>

#include "base/crypto/sha256.h"
#include "checkpoint/format/json_keys.h"
#include "checkpoint/format/manifest.h"
#include "checkpoint/format/manifest_json.h"

namespace longhaul::checkpoint {
namespace {

constexpr std::string_view kBeforeDigest = R"({"sha256":")";
constexpr size_t kDigestDigits = 64;

std::string digest_of(std::string text) {
  text.replace(kBeforeDigest.size(), kDigestDigits, kDigestDigits, '0');
  return sha256_hex(text);
}

Result<Manifest> parse_checked(std::string_view text) {
  if (const auto key = find_duplicate_key(text))
    return invalid(fmt::format("the key '{}' is there twice", *key));
  LH_ASSIGN(const json::object o, json::parse_object(text));
  LH_ASSIGN(Manifest manifest, manifest_from_json(o));
  LH_TRY(check_manifest(manifest));
  return manifest;
}

}  // namespace

Result<std::string> manifest_to_text(const Manifest& manifest) {
  LH_TRY(check_manifest(manifest));
  json::object o{{"sha256", std::string(kDigestDigits, '0')}};
  for (auto& [key, value] : manifest_to_json(manifest)) o.emplace(key, std::move(value));
  std::string text = json::to_text(o) + "\n";
  text.replace(kBeforeDigest.size(), kDigestDigits, digest_of(text));
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  // The digest first: what follows then reads only what a writer of this format has written.
  if (text.substr(0, kBeforeDigest.size()) != kBeforeDigest ||
      text.size() < kBeforeDigest.size() + kDigestDigits) {
    return corrupt(fmt::format("the manifest does not begin with {}", kBeforeDigest));
  }
  const std::string_view claimed = text.substr(kBeforeDigest.size(), kDigestDigits);
  const std::string actual = digest_of(std::string(text));
  if (claimed != actual) return corrupt(fmt::format("the manifest's SHA-256 is {}, not {}", actual, claimed));
  auto manifest = parse_checked(text);
  if (!manifest) return corrupt("the manifest: " + manifest.error().message);
  return manifest;
}

std::string shard_entry_to_text(const ShardEntry& entry) { return json::to_text(shard_entry_to_json(entry)); }

Result<ShardEntry> parse_shard_entry(std::string_view text) {
  LH_ASSIGN(const json::value v, json::parse(text));
  return shard_entry_from_json(v);
}

}  // namespace longhaul::checkpoint
