// The one writer of history.db: every step of the run, for good. What a call returned success for is on
// disk (WAL, synchronous=FULL), so the source may forget it.
//
//   segments   stretches of branches; a rollback is a cut and a child, O(1), no sample is touched
//   rollups    count, min, max, sum, last of 4, 16, 64 … steps, written once a bucket is complete
//   marks      how far the spool of each agent is committed
//   outbox     the newest live deltas, so that viewers resume after a restart of the daemon
//
// Formats and meaning: types.h. Thread-safety: synchronous, one object, one thread (give it a worker).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

class History {
 public:
  // Makes the file when it is absent. kConflict: it was written by a newer version.
  static Result<std::unique_ptr<History>> open(const std::string& path);
  virtual ~History() = default;

  // Everything in one transaction, or nothing. The main entry.
  virtual Result<BatchResult> record_batch(const HistoryBatch& batch) = 0;
  Result<StepOutcome> record(int64_t segment, const StepRecord& record);

  // The segment of a branch; begun if there is none. The newest begun segment is the current branch: reads
  // walk from it to its parents. kConflict: the branch exists with another parent or first step.
  virtual Result<int64_t> begin_segment(int64_t branch, std::optional<int64_t> parent, int64_t first_step,
                                        std::string_view reason) = 0;
  // Abandons the steps after `step`. A second cut can only be earlier.
  virtual Result<> cut(int64_t segment, int64_t step, std::string_view reason) = 0;
  virtual Result<std::optional<Segment>> segment_of_branch(int64_t branch) = 0;
  virtual Result<std::optional<Segment>> current_segment() = 0;

  // How far `source` is committed, 0 when it is new.
  virtual Result<int64_t> mark(std::string_view source) = 0;

  // The newest one of this file.
  virtual Result<std::optional<Mismatch>> mismatch() = 0;

  // Stores the event and, when `make_live_body` is given, the live delta it returns for it (given the
  // event with its id), in one transaction with the mark. Nothing is stored when the source is committed
  // that far already.
  struct StoredEvent {
    HistoryEvent event;
    std::optional<LiveDelta> delta;
    bool known = false;
  };
  using MakeLiveBody = std::function<std::string(const HistoryEvent&)>;
  virtual Result<StoredEvent> add_event(const HistoryEvent& event,
                                        const MakeLiveBody& make_live_body = nullptr,
                                        const std::optional<HistoryBatch::Mark>& mark = std::nullopt) = 0;
  virtual Result<std::vector<HistoryEvent>> events(int64_t after, int64_t limit, EventOrder order) = 0;

  // As in reader.h.
  virtual Result<int64_t> last_step() = 0;
  virtual Result<std::vector<StepRange>> missing_steps() = 0;
  virtual Result<std::optional<StepRecord>> step(int64_t step) = 0;
  virtual Result<std::string> loss_digest(int64_t upto) = 0;

  // The epoch of this file's live sequence numbers, and the newest deltas, oldest first.
  virtual std::string live_epoch() const = 0;
  virtual Result<std::vector<LiveDelta>> outbox() = 0;
};

}  // namespace longhaul::telemetry
