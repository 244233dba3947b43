// Which spool entries to send next: a few batches ahead of the acknowledgements, from the start again
// after every Welcome. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace longhaul::daemon {

class SpoolWindow {
 public:
  static constexpr size_t kBatchEntries = 256;
  static constexpr size_t kBatchBytes = 1 << 20;  // well below wire::kMaxFrameBytes
  static constexpr int64_t kEntriesInFlight = 1024;

  void welcome(int64_t acknowledged_seq) { acknowledged_ = sent_ = acknowledged_seq; }
  // An acknowledgement of what was never sent is a lie or a late one: it counts only as far as sent.
  void acknowledge(int64_t seq) { acknowledged_ = std::max(acknowledged_, std::min(seq, sent_)); }
  void sent_up_to(int64_t seq) { sent_ = std::max(sent_, seq); }

  // The first number to send now, when there is something and room for it.
  std::optional<int64_t> next(int64_t next_spool_seq) const {
    if (sent_ + 1 >= next_spool_seq || sent_ - acknowledged_ >= kEntriesInFlight) return std::nullopt;
    return sent_ + 1;
  }
  int64_t acknowledged() const { return acknowledged_; }
  bool all_acknowledged(int64_t next_spool_seq) const { return acknowledged_ + 1 >= next_spool_seq; }

 private:
  int64_t acknowledged_ = 0;
  int64_t sent_ = 0;
};

}  // namespace longhaul::daemon
