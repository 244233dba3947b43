#include "daemon/supervisor/catalog.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/core/log.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "checkpoint/store/lineage.h"
#include "checkpoint/store/retention.h"

namespace longhaul::daemon {
namespace {

// When it was committed: the manifest is never touched again.
int64_t saved_at_ms(const std::string& folder) {
  struct stat info {};
  const std::string manifest = folder + "/" + checkpoint::kManifestName;
  if (::stat(manifest.c_str(), &info) != 0) return 0;
  return int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

Result<Catalog::Choice> Catalog::newest_restorable(int64_t branch) const {
  if (!path_exists(store_.path())) return Error{ErrorCode::kUnavailable, store_.path() + " is not there"};
  LH_ASSIGN(const auto found, checkpoint::restorable(store_, branch));
  if (found.checkpoints.empty()) {
    for (const auto& skipped :
         found.skipped) {  // a torn one was never finished; these were, and are of no use
      if (skipped.why == checkpoint::Rejected::Why::kTorn) continue;
      return corrupt(fmt::format("no checkpoint can be used: {}: {}", skipped.path, skipped.reason));
    }
    return Choice{};
  }
  const auto& newest = found.checkpoints.front();
  return Choice{newest.path, newest.key().step};
}

Result<> Catalog::distrust(const std::string& path, const std::string& reason) const {
  const std::string folder = store_.path() + "/documents/distrusted";
  LH_TRY(make_directories(folder));
  const json::object document{{"reason", reason}};
  return write_file_durably(folder + "/" + checkpoint::folder_of(path) + ".json",
                            json::to_text(document) + "\n");
}

Result<std::string> Catalog::to_verify(int64_t branch, const std::set<std::string>& passed_over) const {
  LH_ASSIGN(const auto found, checkpoint::restorable(store_, branch));
  for (const auto& c : found.checkpoints) {
    if (passed_over.contains(c.path)) continue;
    return verified_.contains(c.path) ? std::string() : c.path;
  }
  return std::string();
}

Result<> Catalog::read_back(const std::string& path) const { return store_.read_back(path); }

Result<> Catalog::note_read_back(const std::string& path, const Result<>& outcome) {
  if (outcome) {
    verified_.insert(path);
    return {};
  }
  if (outcome.error().code != ErrorCode::kCorrupt) return {};
  return distrust(path, outcome.error().message);
}

Result<std::vector<CheckpointRow>> Catalog::list() const {
  LH_ASSIGN(const auto found, store_.discover());
  std::vector<CheckpointRow> rows;
  for (const auto& c : found.committed) {
    LH_ASSIGN(const auto distrust, checkpoint::distrusted(store_, c.path));
    std::optional<bool> verified;
    if (distrust || verified_.contains(c.path)) verified = !distrust;
    rows.push_back({c.key().step, c.key().branch, c.key().generation, saved_at_ms(c.path),
                    c.manifest.size_bytes(), verified});
  }
  return rows;
}

Result<> Catalog::apply_retention(int64_t branch, int keep_last, const std::string& generation) {
  LH_ASSIGN(const auto found, store_.discover());
  LH_ASSIGN(const auto restorable, checkpoint::restorable(store_, branch));
  std::set<std::string> paths;
  for (const auto& c : restorable.checkpoints) paths.insert(c.path);
  std::vector<checkpoint::RetentionItem> items;
  for (const auto& c : found.committed) {
    LH_ASSIGN(const auto distrust, checkpoint::distrusted(store_, c.path));
    items.push_back({.key = c.key(),
                     .restorable = paths.contains(c.path),
                     .verified = verified_.contains(c.path),
                     .is_protected = distrust.has_value()});
  }
  for (const auto& key : checkpoint::plan_retention(items, {.keep_last = keep_last})) {
    log_info(fmt::format("retention: remove the checkpoint of step {}", key.step));
    LH_TRY(store_.remove(key));
    LH_ASSIGN(const std::string path, store_.folder_path(key));
    verified_.erase(path);
  }
  LH_ASSIGN(const auto swept, store_.sweep_torn(generation));
  for (const std::string& path : swept) log_info("retention: removed " + path + ", which was never finished");
  return {};
}

}  // namespace longhaul::daemon
