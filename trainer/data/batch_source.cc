#include "trainer/data/batch_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/core/check.h"
#include "base/crypto/sha256.h"
#include "trainer/data/indexed_dataset.h"
#include "trainer/data/mixture.h"
#include "trainer/data/permutation.h"

namespace longhaul::trainer::data {
namespace {

struct OpenCorpus {
  std::string path;
  IndexedDataset tokens;
  int64_t chunks = 0;
  std::string first_tokens_sha256;
};

// A corpus made for another vocabulary shows itself in its first tokens. Looking at all of them would
// read a terabyte at every start; read_sample checks each one before it is used.
Result<> check_first_tokens(OpenCorpus& corpus, int64_t vocabulary_size) {
  constexpr int64_t kLookAt = 1 << 20;
  std::vector<int32_t> tokens(static_cast<size_t>(std::min(kLookAt, corpus.tokens.tokens())));
  LH_TRY(corpus.tokens.read(0, static_cast<int64_t>(tokens.size()), tokens.data()));
  const int32_t highest = *std::max_element(tokens.begin(), tokens.end());
  if (highest >= vocabulary_size) {
    return invalid(fmt::format("{}: holds token {}, but model.vocabulary_size is {}", corpus.path, highest,
                               vocabulary_size));
  }
  const auto* bytes = reinterpret_cast<const char*>(tokens.data());
  corpus.first_tokens_sha256 = sha256_hex({bytes, tokens.size() * sizeof(int32_t)});
  return {};
}

}  // namespace

struct BatchSource::Impl {
  std::vector<OpenCorpus> corpora;
  Mixture mixture;
  int64_t sequence_length = 0;
  int64_t vocabulary_size = 0;
  uint64_t seed = 0;
};

BatchSource::BatchSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BatchSource::BatchSource(BatchSource&&) noexcept = default;
BatchSource& BatchSource::operator=(BatchSource&&) noexcept = default;
BatchSource::~BatchSource() = default;

Result<BatchSource> BatchSource::open(const config::Data& data, int64_t sequence_length,
                                      int64_t vocabulary_size, uint64_t seed) {
  CHECK(sequence_length > 0 && vocabulary_size > 0);
  std::vector<double> weights;
  for (const auto& corpus : data.corpora) weights.push_back(corpus.weight);
  LH_ASSIGN(Mixture mixture, Mixture::create(weights));
  auto impl = std::make_unique<Impl>(Impl{{}, std::move(mixture), sequence_length, vocabulary_size, seed});
  for (const auto& corpus : data.corpora) {
    LH_ASSIGN(IndexedDataset tokens, IndexedDataset::open(corpus.path));
    OpenCorpus open{corpus.path, std::move(tokens), 0, ""};
    open.chunks = (open.tokens.tokens() - 1) / sequence_length;  // the last target needs one token more
    if (open.chunks < 1) {
      return invalid(fmt::format("{}: {} tokens are less than one sample of {} + 1", corpus.path,
                                 open.tokens.tokens(), sequence_length));
    }
    LH_TRY(check_first_tokens(open, vocabulary_size));
    impl->corpora.push_back(std::move(open));
  }
  return BatchSource(std::move(impl));
}

BatchSource::Origin BatchSource::origin(int64_t global_sample_index) const {
  const Mixture::Pick pick = impl_->mixture.at(global_sample_index);
  const auto chunks = static_cast<uint64_t>(impl_->corpora[static_cast<size_t>(pick.corpus)].chunks);
  const uint64_t epoch = static_cast<uint64_t>(pick.ordinal) / chunks;
  const Permutation order(chunks, mix_key(impl_->seed, static_cast<uint64_t>(pick.corpus), epoch));
  const uint64_t chunk = order(static_cast<uint64_t>(pick.ordinal) % chunks);
  return {pick.corpus, static_cast<int64_t>(epoch), static_cast<int64_t>(chunk)};
}

Result<> BatchSource::read_sample(int64_t global_sample_index, int32_t* tokens) const {
  const Origin from = origin(global_sample_index);
  const OpenCorpus& corpus = impl_->corpora[static_cast<size_t>(from.corpus)];
  const int64_t count = impl_->sequence_length + 1;
  LH_TRY(corpus.tokens.read(from.chunk * impl_->sequence_length, count, tokens));
  for (int64_t i = 0; i < count; ++i) {
    if (tokens[i] < 0 || tokens[i] >= impl_->vocabulary_size) {
      return corrupt(fmt::format("{}: token {} at position {} is outside the vocabulary of {}", corpus.path,
                                 tokens[i], from.chunk * impl_->sequence_length + i, impl_->vocabulary_size));
    }
  }
  return {};
}

std::string BatchSource::fingerprint() const {
  std::string all;
  for (const auto& corpus : impl_->corpora)
    all += corpus.tokens.fingerprint() + " " + corpus.first_tokens_sha256 + "\n";
  return sha256_hex(all);
}

}  // namespace longhaul::trainer::data
