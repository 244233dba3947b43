// The index of Megatron's indexed data set, as bytes. PREFIX.bin holds the tokens, PREFIX.idx says where
// sequences and documents begin; both byte for byte as Megatron-LM has them, so that its tools and ours
// share corpora.
//
//   .bin  tokens, little endian, uint16 or int32, nothing else
//   .idx  "MMIDIDX\0\0" · u64 version = 1 · u8 type (4 = int32, 8 = uint16) · u64 sequences S · u64 D
//         int32 length[S] (tokens) · int64 offset[S] (bytes into .bin) · int64 document[D]
//         (document d is the sequences document[d] .. document[d+1]; so D = documents + 1)
// Thread-safe (no state).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace longhaul::trainer::data {

enum class TokenType : uint8_t { kInt32 = 4, kUint16 = 8 };  // Megatron's codes

// The bytes of a number as both files have them.
template <class T>
void append(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline int64_t size_bytes(TokenType type) { return type == TokenType::kUint16 ? 2 : 4; }
// Megatron's rule: 65,500 leaves room for special tokens that are added late.
inline TokenType token_type_for(int64_t vocabulary_size) {
  return vocabulary_size < 65500 ? TokenType::kUint16 : TokenType::kInt32;
}

struct IndexSummary {
  TokenType type = TokenType::kUint16;
  int64_t sequences = 0;
  int64_t documents = 0;
  int64_t tokens = 0;
};

// Checks everything that the index says about itself; the sequences must follow each other without gaps,
// as one stream. kCorrupt or kInvalid (a token type that is not supported), naming `path`.
Result<IndexSummary> parse_index(std::string_view bytes, const std::string& path);

// The index of documents of one sequence each, with these lengths in tokens.
std::string encode_index(TokenType type, const std::vector<int32_t>& lengths);

}  // namespace longhaul::trainer::data
