#include "daemon/sim/store.h"

#include <algorithm>

#include "checkpoint/store/retention.h"

namespace longhaul::daemon::sim {

Result<> Store::publish(const Generation& generation) {
  if (!available) return Error{ErrorCode::kUnavailable, "the store does not answer"};
  if (generation < newest_launch_) return Error{ErrorCode::kDenied, "a newer daemon has launched"};
  newest_launch_ = generation;
  return {};
}

Result<std::string> Store::commit(const checkpoint::CheckpointKey& key, bool damaged) {
  if (!available) return Error{ErrorCode::kUnavailable, "the store does not answer"};
  LH_ASSIGN(const Generation own, parse_generation(key.generation));
  if (newest_launch_ > own) return Error{ErrorCode::kDenied, "a newer generation was launched"};
  LH_ASSIGN(const std::string path, checkpoint::folder_name(key));
  checkpoints_[path] = Saved{key, damaged};
  return path;
}

std::vector<Store::Saved> Store::newest_first() const {
  std::vector<Saved> list;
  for (const auto& [path, saved] : checkpoints_) {
    if (!distrusted_.contains(path)) list.push_back(saved);
  }
  std::sort(list.begin(), list.end(), [](const Saved& a, const Saved& b) { return is_newer(a.key, b.key); });
  return list;
}

Result<std::optional<checkpoint::CheckpointKey>> Store::newest_restorable() const {
  if (!available) return Error{ErrorCode::kUnavailable, "the store does not answer"};
  const auto list = newest_first();
  if (list.empty()) return std::optional<checkpoint::CheckpointKey>();
  return std::optional(list.front().key);
}

std::optional<checkpoint::CheckpointKey> Store::restore_from(const std::string& path,
                                                             std::vector<std::string>* rejected) const {
  bool reached = false;
  for (const Saved& saved : newest_first()) {
    const std::string name = checkpoint::folder_name(saved.key).value();
    reached = reached || name == path;
    if (!reached) continue;
    if (!saved.damaged) return saved.key;
    rejected->push_back(name);
  }
  return std::nullopt;
}

std::vector<std::string> Store::apply_retention() {
  std::string verified;
  for (const Saved& saved : newest_first()) {
    const std::string path = checkpoint::folder_name(saved.key).value();
    if (!saved.damaged) verified = path;
    if (!saved.damaged) break;
    distrusted_.insert(path);
  }
  std::vector<checkpoint::RetentionItem> items;
  for (const auto& [path, saved] : checkpoints_) {
    const bool distrusted = distrusted_.contains(path);
    items.push_back({saved.key, !distrusted, path == verified, distrusted});
  }
  std::vector<std::string> gone;
  for (const auto& key : checkpoint::plan_retention(items, {.keep_last = keep_last_})) {
    gone.push_back(checkpoint::folder_name(key).value());
    checkpoints_.erase(gone.back());
  }
  return gone;
}

}  // namespace longhaul::daemon::sim
