// Megatron's indexed data set: PREFIX.bin holds the tokens, PREFIX.idx says where sequences and documents
// begin. Read and written byte for byte as Megatron-LM does, so its tools and ours share corpora.
//
//   .bin  tokens, little endian, uint16 or int32, nothing else
//   .idx  "MMIDIDX\0\0" · u64 version = 1 · u8 type (4 = int32, 8 = uint16) · u64 sequences S · u64 D
//         int32 length[S] (tokens) · int64 offset[S] (bytes into .bin) · int64 document[D]
//         (document d is the sequences document[d] .. document[d+1]; so D = documents + 1)
//
// The writer: one object, one thread. The reader: thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul::trainer::data {

enum class TokenType : uint8_t { kInt32 = 4, kUint16 = 8 };  // Megatron's codes

inline int64_t size_bytes(TokenType type) { return type == TokenType::kUint16 ? 2 : 4; }
// Megatron's rule: 65,500 leaves room for special tokens that are added late.
inline TokenType token_type_for(int64_t vocabulary_size) {
  return vocabulary_size < 65500 ? TokenType::kUint16 : TokenType::kInt32;
}

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

class IndexedDataset {
 public:
  // Checks everything that the two files say about each other. kNotFound, kCorrupt (naming file, found
  // and expected), kInvalid for a token type that is not supported.
  static Result<IndexedDataset> open(const std::string& prefix);

  // Tokens [first, first + count) of the whole stream, documents one after the other. kCorrupt when the
  // file has become shorter since open(): pread and not mmap, which would kill the process then.
  Result<> read(int64_t first, int64_t count, int32_t* tokens) const;

  int64_t tokens() const { return tokens_; }
  int64_t sequences() const { return sequences_; }
  int64_t documents() const { return documents_; }
  TokenType type() const { return type_; }

 private:
  std::string bin_path_;
  UniqueFd fd_;
  TokenType type_ = TokenType::kUint16;
  int64_t tokens_ = 0;
  int64_t sequences_ = 0;
  int64_t documents_ = 0;
};

}  // namespace longhaul::trainer::data
