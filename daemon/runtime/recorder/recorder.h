// Writes what was measured into the history, on a worker, and says when it is safe to forget. While the
// disk is full or failing it tries again, everything in the order in which it was posted, and acknowledges
// nothing.
// Thread-safety: post functions are called from any thread; callbacks come on the worker.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "daemon/core/action.h"
#include "daemon/core/event.h"
#include "daemon/runtime/worker/worker.h"
#include "telemetry/history/history.h"
#include "telemetry/metrics/metrics.h"

namespace longhaul::daemon {

// Steps of one spool batch, and how far the spool is committed with them.
struct Measurements {
  std::string node;
  int64_t seq = 0;
  std::vector<telemetry::StepRecord> steps;
};

class Recorder {
 public:
  struct Callbacks {
    std::function<void(const std::string& node, int64_t seq)> committed;
    std::function<void(std::vector<telemetry::LiveDelta>)> deltas;
    std::function<void(const telemetry::StepRecord&)> newest;  // a step that was new
    std::function<void(const DigestMismatch&)> mismatch;
  };

  // branch 0's segment is begun when there is none. history: used on the worker only after this.
  static Result<std::unique_ptr<Recorder>> start(const std::string& path, const Clock& clock,
                                                 telemetry::Metrics& metrics, Callbacks callbacks);
  // Tries once more what is posted; what cannot be written now was never acknowledged.
  ~Recorder();

  // Read at the start, before any post.
  int64_t mark(const std::string& node);
  int64_t last_step() const { return last_step_; }
  // The newest one recorded: a daemon that died may not have decided upon it.
  const std::optional<DigestMismatch>& last_mismatch() const { return last_mismatch_; }
  std::string live_epoch() const { return history_->live_epoch(); }
  const std::vector<telemetry::LiveDelta>& outbox() const { return outbox_; }

  void post(Measurements m);
  // position: rises from one announcement of the source to the next; each is recorded once.
  void post(const Announce& a, int64_t at_ms, const std::string& source, int64_t position);
  // Runs after everything posted before it: loss digest of the current branch up to step, empty when unknown.
  void digest(int64_t step, std::function<void(std::string)> done);

 private:
  Recorder(std::unique_ptr<telemetry::History> history, const Clock& clock, telemetry::Metrics& metrics,
           Callbacks callbacks);
  void write();
  // Both give false when it cannot be done now and is to be tried again.
  bool write_batch(const std::vector<Measurements>& batch);
  bool write_event(const telemetry::HistoryEvent& e, const telemetry::HistoryBatch::Mark& position);
  bool wait_to_retry(const std::string& trouble);  // false: leaving, do not try again
  void written();
  void observe(const telemetry::StepRecord& record);

  std::unique_ptr<telemetry::History> history_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  const Callbacks callbacks_;
  int64_t segment_ = 0;
  int64_t last_step_ = 0;
  std::vector<telemetry::LiveDelta> outbox_;
  std::optional<DigestMismatch> last_mismatch_;
  std::mutex mutex_;
  std::vector<Measurements> pending_;  // committed together, however many have come
  bool scheduled_ = false;
  bool leaving_ = false;
  std::condition_variable leave_;
  bool trouble_ = false;  // worker's
  Worker worker_;         // last: its thread uses all of the above
};

}  // namespace longhaul::daemon
