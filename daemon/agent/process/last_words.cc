#include "daemon/agent/process/last_words.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix/unique_fd.h"

namespace longhaul::daemon {
namespace {

// Length of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 when there is none.
size_t sequence_length(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned second = byte(at + 1);
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;  // surrogates
    return follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned second = byte(at + 1);
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string valid_utf8(std::string text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequence_length(text, i);
    if (length == 0) text[i] = '?';
    i += std::max<size_t>(length, 1);
  }
  return text;
}

std::string last_words(const std::string& path, int64_t from_offset, int64_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return "";
  const int64_t begin = std::max<int64_t>(from_offset, info.st_size - max_bytes);
  if (begin >= info.st_size) return "";
  std::string text(static_cast<size_t>(info.st_size - begin), '\0');
  ssize_t n = 0;
  do {
    n = ::pread(fd.get(), text.data(), text.size(), begin);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return "";
  text.resize(static_cast<size_t>(n));
  const size_t newline = text.find('\n');
  if (begin > from_offset && newline != std::string::npos && newline + 1 < text.size())
    text.erase(0, newline + 1);
  return valid_utf8(std::move(text));
}

}  // namespace longhaul::daemon
