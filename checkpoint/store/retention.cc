#include "checkpoint/store/retention.h"

#include <algorithm>

namespace longhaul::checkpoint {

std::vector<CheckpointKey> plan_retention(std::vector<RetentionItem> items, const RetentionPolicy& policy) {
  std::sort(items.begin(), items.end(),
            [](const RetentionItem& a, const RetentionItem& b) { return is_newer(a.key, b.key); });
  const bool any_restorable =
      std::any_of(items.begin(), items.end(), [](const auto& i) { return i.restorable; });
  if (!any_restorable) return {};

  std::vector<CheckpointKey> deletions;
  int restorable_kept = 0;
  int abandoned_kept = 0;
  bool verified_kept = false;
  for (const RetentionItem& item : items) {  // newest first
    const int wanted = item.restorable ? std::max(1, policy.keep_last) : std::max(0, policy.keep_abandoned);
    int& kept = item.restorable ? restorable_kept : abandoned_kept;
    const bool needed = item.restorable && !verified_kept;
    if (item.is_protected || kept < wanted || needed) {
      // What is kept for another reason than the policy takes no place of what the policy keeps.
      if (item.restorable || !item.is_protected) ++kept;
      verified_kept = verified_kept || (item.restorable && item.verified);
    } else {
      deletions.push_back(item.key);
    }
  }
  std::reverse(deletions.begin(), deletions.end());
  return deletions;
}

}  // namespace longhaul::checkpoint
