// Which checkpoints to delete. Pure: the caller discovers, asks, and removes.
// Thread-safety: no state.
#pragma once

#include <vector>

#include "checkpoint/format/checkpoint_key.h"

namespace longhaul::checkpoint {

struct RetentionItem {
  CheckpointKey key;          // committed
  bool restorable = true;     // from the current branch, and not distrusted
  bool verified = false;      // its bytes were read back and are right
  bool is_protected = false;  // pinned, leased by a reader, being copied, or kept for a person to look at
};

struct RetentionPolicy {
  int keep_last = 3;       // newest restorable ones
  int keep_abandoned = 1;  // newest of those that the current branch cannot restore
};

// Never returned: protected ones; a restorable one, unless a newer restorable one that is verified is kept.
// So the newest restorable and the newest verified one stay, and while nothing is verified everything does.
// When nothing is restorable, nothing is deleted. Order: oldest first, so that an interrupted deletion leaves
// the newer ones.
std::vector<CheckpointKey> plan_retention(std::vector<RetentionItem> items, const RetentionPolicy& policy);

}  // namespace longhaul::checkpoint
