// Which corpus each sample of the run comes from, so that every prefix of the run holds the corpora in
// the proportion of their weights: sample i goes to the corpus that is furthest behind its share (the
// greedy largest deficit of Megatron's blended data sets), ties to the first.
//
// Weights are first rounded to integers w_k that sum to kPeriod. The deficits w_k·(i+1) − kPeriod·n_k are
// then integers, all return to 0 after kPeriod samples (no corpus is ever a whole sample ahead, so after
// kPeriod samples none has more than w_k, and they sum to kPeriod), and the choice is periodic. One table
// of a period answers any i in O(1) and exactly, with no state to carry through a restart.
// Thread-safe after create().
#pragma once

#include <cstdint>
#include <vector>

#include "base/core/result.h"

namespace longhaul::trainer::data {

class Mixture {
 public:
  static constexpr int64_t kPeriod = 65536;  // weights are exact to 1/65536; a positive one is at least that
  static constexpr int kMaxCorpora = 4096;

  // weights: any scale; 0 means never. kInvalid when empty, too many, all 0, negative or not finite.
  static Result<Mixture> create(const std::vector<double>& weights);

  struct Pick {
    int corpus = 0;
    int64_t ordinal = 0;  // how many samples before this one came from the same corpus
  };
  Pick at(int64_t sample_index) const;  // sample_index ≥ 0

  // The weights as used: integers that sum to kPeriod.
  const std::vector<int64_t>& shares() const { return shares_; }

 private:
  struct Slot {
    uint16_t corpus;
    uint16_t ordinal;  // within the period; a lone corpus reaches kPeriod − 1
  };
  std::vector<int64_t> shares_;
  std::vector<Slot> period_;
};

}  // namespace longhaul::trainer::data
