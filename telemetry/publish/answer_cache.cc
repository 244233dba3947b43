#include "telemetry/publish/answer_cache.h"

#include <iterator>

namespace longhaul::telemetry::publish {
namespace {

constexpr int64_t kAgeMs = 1'000;
constexpr size_t kMostEntries = 64;
constexpr size_t kMostBytes = 16 << 20;

// A NUL is in no target (http::parse_target), so no two questions have the same key.
std::string key_of(const http::Request& request) {
  std::string key = request.path;
  for (const auto& [name, value] : request.query) {
    for (const std::string* part : {&name, &value}) {
      key += '\0';
      key += *part;
    }
  }
  return key;
}

}  // namespace

const http::Response* AnswerCache::find(const http::Request& request, int64_t now_ms) {
  const auto found = entries_.find(key_of(request));
  if (found == entries_.end() || now_ms - found->second.at_ms > kAgeMs) return nullptr;
  return &found->second.response;
}

void AnswerCache::keep(const http::Request& request, const http::Response& response, int64_t now_ms) {
  if (response.status != 200 || !request.path.starts_with("/api/v1/")) return;
  forget_old(now_ms);
  if (entries_.size() >= kMostEntries || bytes_ + response.body.size() > kMostBytes) return;
  const auto [entry, added] = entries_.try_emplace(key_of(request), Entry{now_ms, response});
  if (added) bytes_ += response.body.size();
}

void AnswerCache::forget_old(int64_t now_ms) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const bool old = now_ms - entry->second.at_ms > kAgeMs;
    if (old) bytes_ -= entry->second.response.body.size();
    entry = old ? entries_.erase(entry) : std::next(entry);
  }
}

}  // namespace longhaul::telemetry::publish
