#include "daemon/agent/spool/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json/json.h"
#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul::daemon {
namespace {

std::string header(int64_t next_seq) { return fmt::format("{{\"spool\":1,\"next\":{}}}\n", next_seq); }

std::string entry_line(int64_t seq, int64_t at_ms, std::string_view report) {
  return fmt::format("{{\"seq\":{},\"at_ms\":{},\"report\":{}}}\n", seq, at_ms, report);
}

Result<std::string> read_at(int fd, int64_t offset, int64_t size_bytes, const std::string& path) {
  std::string text(static_cast<size_t>(size_bytes), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n =
        ::pread(fd, text.data() + done, text.size() - done, offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read " + path);
    if (n == 0) return corrupt(path + ": shorter than it was");
    done += static_cast<size_t>(n);
  }
  return text;
}

}  // namespace

Result<Spool> Spool::open(const std::string& path) {
  Spool spool(path);
  if (!path_exists(path)) LH_TRY(write_file_durably(path, header(1)));
  LH_TRY(spool.load());
  return spool;
}

Result<> Spool::load() {
  fd_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd_) return errno_error("open " + path_);
  LH_ASSIGN(const std::string text, read_file(path_));
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    index_line(std::string_view(text).substr(begin, end - begin), static_cast<int64_t>(begin));
    begin = end + 1;
  }
  end_ = static_cast<int64_t>(begin);
  if (begin == text.size() && begin > 0) return {};
  if (::ftruncate(fd_.get(), end_) != 0) return errno_error("cut torn end of " + path_);
  if (begin > 0) return {};
  return rewrite();  // an empty file: the header never reached the disk
}

void Spool::index_line(std::string_view line, int64_t offset) {
  const auto object = json::parse_object(line);
  const int64_t seq = object ? json::int_or(*object, "seq", -1) : -1;
  const int64_t next = object ? json::int_or(*object, "next", -1) : -1;
  const int64_t size_bytes = static_cast<int64_t>(line.size()) + 1;
  if (seq >= next_seq_) {
    entries_.push_back(Place{seq, offset, size_bytes});
    next_seq_ = seq + 1;
  } else if (next >= next_seq_) {
    next_seq_ = next;
  } else {
    ++dropped_lines_;
  }
}

Result<int64_t> Spool::append(int64_t at_ms, std::string_view report) {
  const int64_t seq = next_seq_;
  const std::string line = entry_line(seq, at_ms, report);
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t n =
        ::pwrite(fd_.get(), line.data() + done, line.size() - done, end_ + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n >= 0) {
      done += static_cast<size_t>(n);
      continue;
    }
    const Error error = errno_error("append to " + path_);
    // Half a line must not stand in front of the next one.
    if (::ftruncate(fd_.get(), end_) != 0) return errno_error("undo half an append to " + path_);
    return error;
  }
  entries_.push_back(Place{seq, end_, static_cast<int64_t>(line.size())});
  end_ += static_cast<int64_t>(line.size());
  next_seq_ = seq + 1;
  dirty_ = true;
  return seq;
}

Result<> Spool::sync() {
  if (!dirty_) return {};
  if (::fdatasync(fd_.get()) != 0) return errno_error("fsync " + path_);
  dirty_ = false;
  return {};
}

Result<std::vector<wire::SpoolEntry>> Spool::read_from(int64_t seq, size_t max_entries,
                                                       size_t max_bytes) const {
  auto it = std::lower_bound(entries_.begin(), entries_.end(), seq,
                             [](const Place& place, int64_t wanted) { return place.seq < wanted; });
  std::vector<wire::SpoolEntry> found;
  size_t bytes = 0;
  for (; it != entries_.end() && found.size() < max_entries; ++it) {
    bytes += static_cast<size_t>(it->size_bytes);
    if (bytes > max_bytes && !found.empty()) break;
    LH_ASSIGN(const std::string line, read_at(fd_.get(), it->offset, it->size_bytes, path_));
    LH_ASSIGN(const json::object object,
              json::parse_object(std::string_view(line).substr(0, line.size() - 1)));
    wire::SpoolEntry entry;
    LH_ASSIGN(entry.seq, json::get_int(object, "seq"));
    LH_ASSIGN(entry.at_ms, json::get_int(object, "at_ms"));
    LH_ASSIGN(entry.report, json::get_object(object, "report"));
    found.push_back(std::move(entry));
  }
  return found;
}

Result<> Spool::acknowledge(int64_t seq) {
  while (!entries_.empty() && entries_.front().seq <= seq) {
    acknowledged_bytes_ += entries_.front().size_bytes;
    entries_.pop_front();
  }
  // Not before it halves the file: catching up after a long outage must not copy the rest again and again.
  if (acknowledged_bytes_ <= kRewriteBytes || acknowledged_bytes_ < end_ - acknowledged_bytes_) return {};
  return rewrite();
}

Result<> Spool::skip_to(int64_t next_seq) {
  if (next_seq <= next_seq_) return {};
  LH_ASSIGN(const std::vector<wire::SpoolEntry> waiting, read_from(0, entries_.size(), SIZE_MAX));
  std::string text = header(next_seq);
  int64_t seq = next_seq;
  for (const wire::SpoolEntry& entry : waiting)
    text += entry_line(seq++, entry.at_ms, json::to_text(entry.report));
  LH_TRY(write_file_durably(path_, text));
  *this = Spool(path_);
  return load();
}

// What is not acknowledged, behind a header that remembers which number comes next.
Result<> Spool::rewrite() {
  const int64_t keep_from = entries_.empty() ? end_ : entries_.front().offset;
  LH_ASSIGN(const std::string kept, read_at(fd_.get(), keep_from, end_ - keep_from, path_));
  // With entries behind it the header may only claim the numbers before them.
  const std::string head = header(first_seq());
  std::string text = head + kept;
  if (!entries_.empty() && entries_.back().seq + 1 < next_seq_) text += header(next_seq_);
  LH_TRY(write_file_durably(path_, text));
  fd_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd_) return errno_error("open " + path_);
  const int64_t moved = keep_from - static_cast<int64_t>(head.size());
  for (Place& place : entries_) place.offset -= moved;
  end_ = static_cast<int64_t>(text.size());
  acknowledged_bytes_ = 0;
  dirty_ = false;
  return {};
}

}  // namespace longhaul::daemon
