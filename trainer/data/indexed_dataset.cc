#include "trainer/data/indexed_dataset.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul::trainer::data {

Result<IndexedDataset> IndexedDataset::open(const std::string& prefix) {
  const std::string index_path = prefix + ".idx";
  LH_ASSIGN(const std::string bytes, read_file(index_path));
  LH_ASSIGN(const IndexSummary index, parse_index(bytes, index_path));

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
  dataset.documents_ = index.documents;
  dataset.index_sha256_ = sha256_hex(bytes);
  return dataset;
}

std::string IndexedDataset::fingerprint() const {
  return fmt::format("{} {} {}", tokens_, tokens_ * size_bytes(type_), index_sha256_);
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
    for (int64_t i = 0; i < count; ++i) {
      uint16_t token;
      std::memcpy(&token, target + i * 2, sizeof token);
      tokens[i] = token;
    }
  }
  return {};
}

}  // namespace longhaul::trainer::data
