// SHA256SUMS of a corpus, in the format of sha256sum(1), which can check it too. It is written last: a
// folder with one is complete. Thread-safe for different folders.
#pragma once

#include <string>

#include "base/core/result.h"

namespace longhaul::trainer::data {

constexpr const char* kCorpusDigests = "SHA256SUMS";

// Of every file in the folder.
Result<> write_corpus_digests(const std::string& dir);

// Compares every file with SHA256SUMS. kNotFound: no corpus there; kCorrupt names the file.
Result<> verify_corpus(const std::string& dir);

}  // namespace longhaul::trainer::data
