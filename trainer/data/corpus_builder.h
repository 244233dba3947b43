// Manuals in many languages → the corpus that the demo trains on: for each language CODE.bin/.idx in
// Megatron's format with a byte-level vocabulary (token = byte of the UTF-8 text, 0 ends a document),
// corpus.json (what is in it, weights, digests), data.yaml (the same weights as the `data` section of a
// run's configuration) and SHA256SUMS, which is written last.
//
// Dropped are: lines of a translation that equal a line of the English version (untranslated pages are
// mostly English), lines that the language has had before (headers, navigation, licences), documents
// with next to nothing left, and languages with too little text to be more than repeated.
// Not thread-safe for one out_dir.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace longhaul::trainer::data {

constexpr int64_t kByteVocabularySize = 256;
constexpr int32_t kEndOfText = 0;  // no byte of text is 0

struct CorpusLanguage {
  std::string code;  // "de": the files are <out_dir>/de.bin and .idx
  std::string name;  // "German"
  int64_t documents = 0;
  int64_t lines = 0;
  int64_t untranslated_lines = 0;  // dropped: equal to an English one
  int64_t repeated_lines = 0;      // dropped: seen before in this language
  int64_t tokens = 0;
  double weight = 0;   // all weights sum to 1
  std::string sha256;  // of the .bin
};

struct CorpusReport {
  std::vector<CorpusLanguage> languages;  // by falling weight
  std::vector<std::string> left_out;      // languages with too little text
  int64_t tokens = 0;
};

struct CorpusOptions {
  // weight ∝ tokens^exponent. Below 1 small languages are seen more often than their share, as in the
  // sampling of multilingual models (Conneau and Lample, "Cross-lingual Language Model Pretraining",
  // 2019, §3.1): at 1 the model hardly meets them, at 0 it learns their few pages by heart.
  double weight_exponent = 0.7;
  int64_t min_language_bytes = 150'000;
  int64_t min_document_bytes = 200;
};

// text_dir/<source>/<locale>/**/*.{html,page,txt}, e.g. text/debian-handbook/de-DE/apt.html. Builds beside
// out_dir and swaps it in whole; an out_dir that holds anything but a corpus is refused (kConflict).
Result<CorpusReport> build_corpus(const std::string& text_dir, const std::string& out_dir,
                                  const CorpusOptions& options = {});

}  // namespace longhaul::trainer::data
