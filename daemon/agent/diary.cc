#include "daemon/agent/diary.h"

#include <algorithm>

#include "base/core/log.h"

namespace longhaul::daemon {

Diary::Diary(Spool spool, const Clock& clock, std::function<void(const RankId&)> on_written)
    : spool_(std::move(spool)), clock_(clock), on_written_(std::move(on_written)) {}

void Diary::complain(const std::string& trouble) {
  if (trouble != last_trouble_) log_error(trouble);
  last_trouble_ = trouble;
}

void Diary::add(std::string report, std::optional<RankId> exit_of) {
  waiting_.push_back(Waiting{clock_.wall_ms(), std::move(report), exit_of});
  if (waiting_.size() > kMaxWaiting) {
    complain("the spool cannot be written for too long: the oldest reports are lost");
    waiting_.pop_front();
  }
  retry_writing();
}

void Diary::retry_writing() {
  while (!waiting_.empty()) {
    const Waiting& entry = waiting_.front();
    if (const auto appended = spool_.append(entry.at_ms, entry.report); !appended)
      return complain(appended.error().message);
    const std::optional<RankId> exit_of = entry.exit_of;
    waiting_.pop_front();
    if (exit_of) on_written_(*exit_of);
  }
  last_trouble_.clear();
}

void Diary::welcome(int64_t acknowledged_seq, int64_t used_seq) {
  const int64_t next_seq = std::max(acknowledged_seq, used_seq) + 1;
  if (next_seq > spool_.next_seq()) {
    log_warning("this disk has forgotten entries that the daemon has: going on after them");
    if (const auto skipped = spool_.skip_to(next_seq); !skipped) complain(skipped.error().message);
  }
  window_.welcome(acknowledged_seq);
  acknowledge(acknowledged_seq);
}

void Diary::acknowledge(int64_t seq) {
  window_.acknowledge(seq);
  if (const auto trimmed = spool_.acknowledge(window_.acknowledged()); !trimmed)
    complain(trimmed.error().message);
}

std::optional<wire::SpoolBatch> Diary::next_batch() {
  const auto seq = window_.next(spool_.next_seq());
  if (!seq) return std::nullopt;
  if (const auto synced = spool_.sync(); !synced) {
    complain(synced.error().message);
    return std::nullopt;
  }
  auto entries = spool_.read_from(*seq, SpoolWindow::kBatchEntries, SpoolWindow::kBatchBytes);
  if (!entries) {
    complain(entries.error().message);
    return std::nullopt;
  }
  if (entries->empty()) return std::nullopt;
  window_.sent_up_to(entries->back().seq);
  return wire::SpoolBatch{std::move(*entries)};
}

}  // namespace longhaul::daemon
