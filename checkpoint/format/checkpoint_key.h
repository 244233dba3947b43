// The identity of a checkpoint and the name of its folder: `step-120-b0-g3.1` is step 120 on branch 0,
// written by generation 3.1 (term 3, launch 1). A name is never used twice, so no rename ever meets an
// old folder.
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace longhaul::checkpoint {

struct CheckpointKey {
  int64_t step = 0;
  int64_t branch = 0;
  std::string generation = "0.0";
  bool operator==(const CheckpointKey&) const = default;
};

// kInvalid when a number is negative or the generation is not of the form "T.S".
Result<std::string> folder_name(const CheckpointKey& key);
// Accepts exactly what folder_name() makes: no leading zeros, no signs, nothing after it.
Result<CheckpointKey> parse_folder_name(std::string_view name);

// The last part of a path: "/store/checkpoints/step-120-b0-g3.1" → "step-120-b0-g3.1".
std::string folder_of(std::string_view path);

// Newer by (step, generation, branch). Both keys must be well formed.
bool is_newer(const CheckpointKey& a, const CheckpointKey& b);

}  // namespace longhaul::checkpoint
