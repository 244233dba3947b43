#include "trainer/data/index_format.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

static_assert(std::endian::native == std::endian::little, "the format is little endian and read as it is");

namespace longhaul::trainer::data {
namespace {

constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr uint64_t kVersion = 1;
constexpr int64_t kHeaderBytes = 34;

template <class T>
T load(std::string_view bytes, int64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

Result<IndexSummary> parse_header(std::string_view bytes, const std::string& path) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (size < kHeaderBytes) {
    return corrupt(fmt::format("{}: {} bytes, the header alone has {}", path, size, kHeaderBytes));
  }
  if (!bytes.starts_with(kMagic)) return corrupt(path + ": not a Megatron index (no MMIDIDX at its start)");
  if (const auto version = load<uint64_t>(bytes, 9); version != kVersion) {
    return corrupt(fmt::format("{}: index version {}, only {} is known", path, version, kVersion));
  }
  const auto code = load<uint8_t>(bytes, 17);
  if (code != static_cast<uint8_t>(TokenType::kInt32) && code != static_cast<uint8_t>(TokenType::kUint16)) {
    return invalid(fmt::format("{}: token type {}, only 4 (int32) and 8 (uint16) are supported", path, code));
  }
  const auto sequences = load<uint64_t>(bytes, 18), boundaries = load<uint64_t>(bytes, 26);
  // The counts come from the file: bound them by its size before they are multiplied.
  const auto limit = static_cast<uint64_t>(size);
  if (sequences > limit || boundaries > limit || boundaries == 0) {
    return corrupt(fmt::format("{}: {} sequences and {} document boundaries cannot be in {} bytes", path,
                               sequences, boundaries, size));
  }
  const int64_t expected =
      kHeaderBytes + static_cast<int64_t>(sequences) * 12 + static_cast<int64_t>(boundaries) * 8;
  if (size != expected) {
    return corrupt(fmt::format("{}: {} bytes, but its header promises {}", path, size, expected));
  }
  IndexSummary index;
  index.type = static_cast<TokenType>(code);
  index.sequences = static_cast<int64_t>(sequences);
  index.documents = static_cast<int64_t>(boundaries) - 1;
  return index;
}

}  // namespace

Result<IndexSummary> parse_index(std::string_view bytes, const std::string& path) {
  LH_ASSIGN(IndexSummary index, parse_header(bytes, path));
  const int64_t offsets_at = kHeaderBytes + index.sequences * 4;
  for (int64_t s = 0; s < index.sequences; ++s) {
    const auto length = load<int32_t>(bytes, kHeaderBytes + s * 4);
    if (length < 0) return corrupt(fmt::format("{}: sequence {} has the length {}", path, s, length));
    const auto offset = load<int64_t>(bytes, offsets_at + s * 8);
    if (offset != index.tokens * size_bytes(index.type)) {
      return corrupt(fmt::format("{}: sequence {} begins at byte {}, the ones before it end at {}", path, s,
                                 offset, index.tokens * size_bytes(index.type)));
    }
    index.tokens += length;
  }
  const int64_t documents_at = offsets_at + index.sequences * 8;
  int64_t previous = 0;
  for (int64_t d = 0; d <= index.documents; ++d) {
    const auto boundary = load<int64_t>(bytes, documents_at + d * 8);
    const bool first_is_zero = d > 0 || boundary == 0;
    if (boundary < previous || boundary > index.sequences || !first_is_zero) {
      return corrupt(fmt::format("{}: document {} begins at sequence {} (the one before at {}, of {})", path,
                                 d, boundary, previous, index.sequences));
    }
    previous = boundary;
  }
  if (previous != index.sequences) {
    return corrupt(fmt::format("{}: documents end at sequence {} of {}", path, previous, index.sequences));
  }
  return index;
}

std::string encode_index(TokenType type, const std::vector<int32_t>& lengths) {
  std::string index(kMagic);
  append(index, kVersion);
  append(index, static_cast<uint8_t>(type));
  append(index, static_cast<uint64_t>(lengths.size()));
  append(index, static_cast<uint64_t>(lengths.size() + 1));
  for (const int32_t length : lengths) append(index, length);
  int64_t offset = 0;
  for (const int32_t length : lengths) {
    append(index, offset);
    offset += length * size_bytes(type);
  }
  for (size_t d = 0; d <= lengths.size(); ++d) append(index, static_cast<int64_t>(d));
  return index;
}

}  // namespace longhaul::trainer::data
