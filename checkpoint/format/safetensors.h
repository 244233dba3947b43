// The header of a safetensors file, strictly: u64-le N, N bytes of JSON padded with spaces so that the
// data begins at a multiple of 4096, then tensors without holes up to the exact end of the file.
// Thread-safety: no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/core/result.h"

namespace longhaul::checkpoint {

inline constexpr int64_t kMaxSafetensorsHeaderBytes = 100'000'000;
inline constexpr int64_t kSafetensorsAlignment = 4096;

struct SafetensorsTensor {
  std::string name;
  std::string dtype;  // "F32", "BF16", …
  std::vector<int64_t> shape;
  int64_t begin = 0;  // bytes from the start of the data
  int64_t end = 0;
  bool operator==(const SafetensorsTensor&) const = default;
};

struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;                     // by ascending begin
  std::vector<std::pair<std::string, std::string>> metadata;  // "__metadata__"
  int64_t data_offset = 0;                                    // 8 + N; set by parsing
  int64_t file_size_bytes() const { return data_offset + (tensors.empty() ? 0 : tensors.back().end); }
};

// Bytes of one element, 0 for an unknown dtype.
int64_t dtype_size_bytes(const std::string& dtype);

// The first 8 + N bytes of the file. Checks the same rules as parsing.
Result<std::string> make_safetensors_header(const SafetensorsHeader& header);

// 8 + N from the first 8 bytes of a file of file_size_bytes; kCorrupt when impossible.
Result<int64_t> safetensors_data_offset(std::span<const std::byte> first_8, int64_t file_size_bytes);

// `head` holds at least the first 8 + N bytes. Any broken rule is kCorrupt and says which.
Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> head, int64_t file_size_bytes);

}  // namespace longhaul::checkpoint
