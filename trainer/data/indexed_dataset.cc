#include "trainer/data/indexed_dataset.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"

static_assert(std::endian::native == std::endian::little, "the format is little endian and read as it is");

namespace longhaul::trainer::data {
namespace {

constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr uint64_t kVersion = 1;
constexpr int64_t kHeaderBytes = 34;
constexpr size_t kWriteBufferBytes = 1 << 20;

template <class T>
void append(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class T>
T load(std::string_view bytes, int64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Index {
  TokenType type = TokenType::kUint16;
  int64_t sequences = 0;
  int64_t documents = 0;
  int64_t tokens = 0;
};

Result<Index> parse_header(std::string_view bytes, const std::string& path) {
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
  Index index;
  index.type = static_cast<TokenType>(code);
  index.sequences = static_cast<int64_t>(sequences);
  index.documents = static_cast<int64_t>(boundaries) - 1;
  return index;
}

Result<Index> parse_index(std::string_view bytes, const std::string& path) {
  LH_ASSIGN(Index index, parse_header(bytes, path));
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

Result<> write_synced(const std::string& path, std::string_view bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return errno_error("create " + path);
  LH_TRY(write_all(fd.get(), bytes, path));
  if (::fsync(fd.get()) != 0) return errno_error("fsync " + path);
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<IndexedDatasetWriter> IndexedDatasetWriter::create(const std::string& prefix, TokenType type) {
  IndexedDatasetWriter writer;
  writer.prefix_ = prefix;
  writer.type_ = type;
  writer.temporary_ = fmt::format("{}.{}.tmp", prefix, ::getpid());
  const std::string path = writer.temporary_ + ".bin";
  writer.fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!writer.fd_) return errno_error("create " + path);
  return writer;
}

IndexedDatasetWriter::~IndexedDatasetWriter() {
  if (!fd_) return;  // finished, or moved from
  ::unlink((temporary_ + ".bin").c_str());
  ::unlink((temporary_ + ".idx").c_str());
}

Result<> IndexedDatasetWriter::add_document(std::span<const int32_t> tokens) {
  if (tokens.empty()) return invalid(prefix_ + ": an empty document");
  if (tokens.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return invalid(fmt::format("{}: a document of {} tokens", prefix_, tokens.size()));
  }
  const int32_t highest = type_ == TokenType::kUint16 ? std::numeric_limits<uint16_t>::max()
                                                      : std::numeric_limits<int32_t>::max();
  for (const int32_t token : tokens) {
    if (token < 0 || token > highest) {
      return invalid(fmt::format("{}: token {} is not in 0..{}", prefix_, token, highest));
    }
  }
  for (const int32_t token : tokens) {
    if (type_ == TokenType::kUint16) {
      append(buffer_, static_cast<uint16_t>(token));
    } else {
      append(buffer_, token);
    }
  }
  lengths_.push_back(static_cast<int32_t>(tokens.size()));
  tokens_ += static_cast<int64_t>(tokens.size());
  return buffer_.size() >= kWriteBufferBytes ? flush() : Result<>{};
}

Result<> IndexedDatasetWriter::flush() {
  LH_TRY(write_all(fd_.get(), buffer_, temporary_ + ".bin"));
  buffer_.clear();
  return {};
}

Result<> IndexedDatasetWriter::finish() {
  LH_TRY(flush());
  if (::fsync(fd_.get()) != 0) return errno_error("fsync " + temporary_ + ".bin");

  std::string index(kMagic);
  append(index, kVersion);
  append(index, static_cast<uint8_t>(type_));
  append(index, static_cast<uint64_t>(lengths_.size()));
  append(index, static_cast<uint64_t>(lengths_.size() + 1));
  for (const int32_t length : lengths_) append(index, length);
  int64_t offset = 0;
  for (const int32_t length : lengths_) {
    append(index, offset);
    offset += length * size_bytes(type_);
  }
  for (size_t d = 0; d <= lengths_.size(); ++d) append(index, static_cast<int64_t>(d));
  LH_TRY(write_synced(temporary_ + ".idx", index));

  for (const char* ending : {".bin", ".idx"}) {
    if (::rename((temporary_ + ending).c_str(), (prefix_ + ending).c_str()) != 0) {
      return errno_error("rename to " + prefix_ + ending);
    }
  }
  fd_.reset();
  return sync_directory(folder_of(prefix_));
}

Result<IndexedDataset> IndexedDataset::open(const std::string& prefix) {
  const std::string index_path = prefix + ".idx";
  LH_ASSIGN(const std::string bytes, read_file(index_path));
  LH_ASSIGN(const Index index, parse_index(bytes, index_path));

  IndexedDataset dataset;
  dataset.bin_path_ = prefix + ".bin";
  dataset.fd_.reset(::open(dataset.bin_path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!dataset.fd_) return errno_error("open " + dataset.bin_path_);
  struct stat status {};
  if (::fstat(dataset.fd_.get(), &status) != 0) return errno_error("stat " + dataset.bin_path_);
  const int64_t expected = index.tokens * size_bytes(index.type);
  if (status.st_size != expected) {
    return corrupt(fmt::format("{}: {} bytes, but {} describes {}", dataset.bin_path_,
                               int64_t{status.st_size}, index_path, expected));
  }
  dataset.type_ = index.type;
  dataset.tokens_ = index.tokens;
  dataset.sequences_ = index.sequences;
  dataset.documents_ = index.documents;
  return dataset;
}

Result<> IndexedDataset::read(int64_t first, int64_t count, int32_t* tokens) const {
  if (first < 0 || count < 0 || first > tokens_ - count) {
    return invalid(fmt::format("{}: tokens {}..{} of {}", bin_path_, first, first + count, tokens_));
  }
  // The narrow form is read into the upper half of the output and widened from the front: an element is
  // always read before the write that reaches its place.
  const int64_t bytes = count * size_bytes(type_);
  char* target = reinterpret_cast<char*>(tokens) + (count * 4 - bytes);
  for (int64_t done = 0; done < bytes;) {
    const ssize_t n = ::pread(fd_.get(), target + done, static_cast<size_t>(bytes - done),
                              first * size_bytes(type_) + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read " + bin_path_);
    if (n == 0) return corrupt(fmt::format("{}: became shorter while open", bin_path_));
    done += n;
  }
  if (type_ == TokenType::kUint16) {
    for (int64_t i = 0; i < count; ++i)
      tokens[i] = load<uint16_t>(std::string_view(target, static_cast<size_t>(bytes)), i * 2);
  }
  return {};
}

}  // namespace longhaul::trainer::data
