// Writes a corpus in Megatron's indexed format (index_format.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"
#include "trainer/data/index_format.h"

namespace longhaul::trainer::data {

class IndexedDatasetWriter {
 public:
  // Writes to temporary names beside PREFIX.{bin,idx}; nothing is visible before finish().
  static Result<IndexedDatasetWriter> create(const std::string& prefix, TokenType type);
  IndexedDatasetWriter(IndexedDatasetWriter&&) noexcept = default;
  IndexedDatasetWriter& operator=(IndexedDatasetWriter&&) noexcept = default;
  ~IndexedDatasetWriter();  // removes the temporary files unless finished

  // One document of one sequence. kInvalid when empty or a token does not fit the type.
  Result<> add_document(std::span<const int32_t> tokens);
  // fsync, then rename: first .bin, last .idx. What a reader finds by its .idx is complete.
  Result<> finish();

  int64_t tokens() const { return tokens_; }

 private:
  IndexedDatasetWriter() = default;
  Result<> flush();

  std::string prefix_;
  std::string temporary_;
  TokenType type_ = TokenType::kUint16;
  UniqueFd fd_;
  std::string buffer_;
  std::vector<int32_t> lengths_;
  int64_t tokens_ = 0;
};

}  // namespace longhaul::trainer::data
