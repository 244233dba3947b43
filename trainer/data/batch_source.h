// Which tokens the training sees: sample i of the run, for any i, in any order, from any process. It is
// a pure function of (corpora, weights, sequence length, seed, i); there is no cursor to save and none to
// lose. A restart, another number of ranks or another machine reads the very same samples.
//
//   i ─ Mixture ─▶ corpus k, its j-th sample ─ Permutation(seed, k, epoch) ─▶ chunk c ─▶ tokens
//
// A corpus is one stream of tokens (documents end with an end-of-text token), cut into chunks of
// sequence_length tokens; each sample is a chunk plus the first token of the next one, the last target.
// One epoch of a corpus shows each chunk once, in an order of its own.
// Thread-safe after open().
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::trainer::data {

class BatchSource {
 public:
  // Opens and checks all corpora. kNotFound: a file is missing; kCorrupt: truncated, or .bin and .idx do
  // not belong together; kInvalid: a corpus shorter than one sample, a token outside the vocabulary, no
  // corpora, a negative weight or none above 0.
  static Result<BatchSource> open(const config::Data& data, int64_t sequence_length, int64_t vocabulary_size,
                                  uint64_t seed);
  BatchSource(BatchSource&&) noexcept;
  BatchSource& operator=(BatchSource&&) noexcept;
  ~BatchSource();

  // tokens: [sequence_length + 1]; inputs are the first sequence_length, targets the last.
  // kCorrupt when the file changed under us: a read came back short or a token is out of range.
  Result<> read_sample(int64_t global_sample_index, int32_t* tokens) const;

  // Where sample i comes from, for tests and for the data-skip report.
  struct Origin {
    int corpus = 0;
    int64_t epoch = 0;
    int64_t chunk = 0;
  };
  Origin origin(int64_t global_sample_index) const;

  // Made of each corpus's lengths (the whole .idx) and of its first tokens, so that ranks with different
  // texts notice at the start; nobody reads a terabyte for it.
  std::string fingerprint() const;

 private:
  struct Impl;
  explicit BatchSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::trainer::data
