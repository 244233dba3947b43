#include "trainer/data/indexed_dataset_writer.h"

#include <cstdio>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul::trainer::data {
namespace {

constexpr size_t kWriteBufferBytes = 1 << 20;

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

  LH_TRY(write_synced(temporary_ + ".idx", encode_index(type_, lengths_)));

  for (const char* ending : {".bin", ".idx"}) {
    if (::rename((temporary_ + ending).c_str(), (prefix_ + ending).c_str()) != 0) {
      return errno_error("rename to " + prefix_ + ending);
    }
  }
  fd_.reset();
  return sync_directory(folder_of(prefix_));
}

}  // namespace longhaul::trainer::data
