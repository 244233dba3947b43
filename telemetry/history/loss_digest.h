// The one number that says whether two runs had the same curve: SHA-256 over (u64-le step, u32-le f32 bits
// of the loss) for steps 1..N of the current branch, first 16 hex digits. Goes on from where it was asked
// last, as long as the branch below that step is the same. Thread-safety: one object, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto/sha256.h"
#include "base/sqlite/database.h"
#include "telemetry/history/canonical.h"

namespace longhaul::telemetry {

class LossDigest {
 public:
  // kNotFound names the first step of 1..upto without a loss.
  Result<std::string> upto(sqlite::Database& db, int64_t step);

 private:
  Result<> extend(sqlite::Database& db, const std::vector<Stretch>& path, int64_t step);
  Sha256 sha_;
  int64_t done_ = 0;                                 // steps 1..done_ are in sha_
  std::vector<std::pair<int64_t, StepRange>> from_;  // segments they came from
};

}  // namespace longhaul::telemetry
