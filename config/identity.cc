#include "config/identity.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/crypto/sha256.h"

namespace longhaul::config {

std::string identity_text(const RunConfig& c) {
  const Model& m = c.model;
  const Optimizer& o = c.optimizer;
  std::string text = fmt::format(
      "seed={} layers={} hidden={} heads={} sequence_length={} vocabulary_size={} tensor={} pipeline={} "
      "micro={} global={} learning_rate={} min_learning_rate={} warmup_samples={} decay_samples={} "
      "weight_decay={} clip={} beta1={} beta2={} epsilon={}",
      c.run.seed, m.layers, m.hidden, m.heads, m.sequence_length, m.vocabulary_size, c.parallel.tensor,
      c.parallel.pipeline, c.batch.micro, c.batch.global, o.learning_rate, o.min_learning_rate,
      o.warmup_samples, o.decay_samples, o.weight_decay, o.clip, o.beta1, o.beta2, o.epsilon);
  for (const Corpus& corpus : c.data.corpora) {  // a corpus may move to another folder
    text +=
        fmt::format(" corpus={}:{}", std::filesystem::path(corpus.path).filename().string(), corpus.weight);
  }
  return text;
}

std::string identity(const RunConfig& c) { return sha256_hex(identity_text(c), 16); }

}  // namespace longhaul::config
