// Which checkpoints a branch may restore from: its own, and those of its ancestors up to the step where
// it forked off. A rollback writes branches/N.json before anything else happens, so that the
// abandoned future is never restored.
// Thread-safety: no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/store/store.h"

namespace longhaul::checkpoint {

struct Branch {
  int64_t branch = 0;
  int64_t parent = -1;    // -1: none
  int64_t fork_step = 0;  // the last step shared with the parent
  std::string reason;
};

// From the branch itself to the root. Parents have lower numbers than their children.
Result<std::vector<Branch>> read_ancestry(const Store& store, int64_t branch);

// Why documents/distrusted names the folder; nothing when it does not. A document that is there but damaged
// still counts; one that cannot be read now is an error.
Result<std::optional<std::string>> distrusted(const Store& store, const std::string& folder_path);

struct Restorable {
  std::vector<Checkpoint> checkpoints;  // newest first by step, then branch, then generation
  std::vector<Rejected> skipped;        // distrusted, damaged and torn ones, with the reason
};

// Candidates in the order to try; their bytes are verified only by reading them.
Result<Restorable> restorable(const Store& store, int64_t branch);

}  // namespace longhaul::checkpoint
