// The agent's diary on its own disk: what ranks said and how they ended, kept until the daemon has it.
//
// One file, one JSON object a line:
//   {"spool":1,"next":N}                     first line: numbers below N are used up
//   {"seq":N,"at_ms":…,"report":{…}}         entries, seq rising by one
// A kill leaves at most a torn last line, which opening cuts off (that append was never confirmed). Numbers
// never restart, also not when the file is rewritten without the acknowledged entries.
// append() survives the death of the process; sync() also a power cut: call it before an entry leaves the
// machine, or a number could be used twice. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

class Spool {
 public:
  static Result<Spool> open(const std::string& path);

  // report: the text of one JSON object. The new entry's number; on failure nothing was appended.
  Result<int64_t> append(int64_t at_ms, std::string_view report);
  Result<> sync();
  // Entries from this number on, at most max_entries and about max_bytes (at least one).
  Result<std::vector<wire::SpoolEntry>> read_from(int64_t seq, size_t max_entries, size_t max_bytes) const;
  // Everything up to seq is the daemon's now. Rewrites the file when a lot of it is.
  Result<> acknowledge(int64_t seq);
  // The daemon has numbers that this disk never gave out (it was replaced): what waits here is new to the
  // daemon and gets numbers from next_seq on.
  Result<> skip_to(int64_t next_seq);

  int64_t first_seq() const { return entries_.empty() ? next_seq_ : entries_.front().seq; }
  int64_t next_seq() const { return next_seq_; }
  int64_t dropped_lines() const { return dropped_lines_; }  // unreadable ones found by open

  static constexpr int64_t kRewriteBytes = 1 << 20;

 private:
  struct Place {
    int64_t seq;
    int64_t offset;
    int64_t size_bytes;
  };
  explicit Spool(std::string path) : path_(std::move(path)) {}
  Result<> load();
  Result<> rewrite();
  void index_line(std::string_view line, int64_t offset);

  std::string path_;
  UniqueFd fd_;
  std::deque<Place> entries_;  // not acknowledged
  int64_t next_seq_ = 1;
  int64_t end_ = 0;                 // bytes in the file
  int64_t acknowledged_bytes_ = 0;  // of those
  int64_t dropped_lines_ = 0;
  bool dirty_ = false;
};

}  // namespace longhaul::daemon
