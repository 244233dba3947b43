// Reads a corpus in Megatron's indexed format (index_format.h) as one stream of tokens.
// Thread-safe after open().
#pragma once

#include <cstdint>
#include <string>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"
#include "trainer/data/index_format.h"

namespace longhaul::trainer::data {

class IndexedDataset {
 public:
  // Checks everything that the two files say about each other. kNotFound, kCorrupt (naming file, found
  // and expected), kInvalid for a token type that is not supported.
  static Result<IndexedDataset> open(const std::string& prefix);

  // Tokens [first, first + count) of the whole stream, documents one after the other. kCorrupt when the
  // file has become shorter since open(): pread and not mmap, which would kill the process then.
  Result<> read(int64_t first, int64_t count, int32_t* tokens) const;

  int64_t tokens() const { return tokens_; }
  int64_t documents() const { return documents_; }
  // Tokens, bytes of .bin, SHA-256 of .idx: cheap, but only the lengths of the documents tell texts apart.
  std::string fingerprint() const;

 private:
  std::string bin_path_;
  UniqueFd fd_;
  TokenType type_ = TokenType::kUint16;
  int64_t tokens_ = 0;
  int64_t documents_ = 0;
  std::string index_sha256_;
};

}  // namespace longhaul::trainer::data
