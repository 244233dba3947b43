// What the agent has to tell: into the spool first, then to the daemon, until it is acknowledged. A full or
// failing disk does not stop the ranks: entries wait in memory (bounded) and are written when it works
// again. Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/core/clock.h"
#include "daemon/agent/core/agent_command.h"
#include "daemon/agent/spool/spool.h"
#include "daemon/agent/spool/spool_window.h"

namespace longhaul::daemon {

class Diary {
 public:
  // on_written: the exit of this rank is in the spool.
  Diary(Spool spool, const Clock& clock, std::function<void(const RankId&)> on_written);

  void add(std::string report, std::optional<RankId> exit_of = std::nullopt);
  void retry_writing();

  // A daemon has everything up to acknowledged_seq; what follows will be sent (again). Up to used_seq it has
  // heard of entries: new ones come after it.
  void welcome(int64_t acknowledged_seq, int64_t used_seq);
  void acknowledge(int64_t seq);
  // The next batch to send now, if there is one; nothing that is not safely on the disk.
  std::optional<wire::SpoolBatch> next_batch();

  int64_t first_seq() const { return spool_.first_seq(); }
  int64_t next_seq() const { return spool_.next_seq(); }
  bool all_told() const { return waiting_.empty() && window_.all_acknowledged(spool_.next_seq()); }

  static constexpr size_t kMaxWaiting = 65536;

 private:
  struct Waiting {
    int64_t at_ms;
    std::string report;
    std::optional<RankId> exit_of;
  };
  void complain(const std::string& trouble);

  Spool spool_;
  const Clock& clock_;
  std::function<void(const RankId&)> on_written_;
  SpoolWindow window_;
  std::deque<Waiting> waiting_;
  std::string last_trouble_;  // each is logged once
};

}  // namespace longhaul::daemon
