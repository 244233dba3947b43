// What the history keeps: steps with their metrics, segments of branches, events; and what a chart is
// given. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace longhaul::telemetry {

// The two metrics whose bits must not change when a step is run again on the same branch.
inline constexpr const char* kLossMetric = "loss";
inline constexpr const char* kGradNormMetric = "grad_norm";

// One optimizer step. Values may be NaN or infinite. A loss that was an f32 comes back with the same bits.
struct StepRecord {
  int64_t step = 0;     // from 1
  int64_t wall_ms = 0;  // when it ended, since 1970
  int64_t tokens = 0;   // cumulative after this step
  std::vector<std::pair<std::string, double>> values;
};

// A stretch of steps on one branch. A rollback cuts the parent and begins a child: nothing is rewritten.
struct Segment {
  int64_t id = 0;
  int64_t branch = 0;
  std::optional<int64_t> parent;
  int64_t first_step = 1;
  int64_t end_step = 0;             // newest step recorded in it; first_step - 1 when none
  std::optional<int64_t> cut_step;  // later steps of it are abandoned
  std::string reason;               // why it began
};

struct StepRange {
  int64_t first = 0;
  int64_t last = 0;
  bool operator==(const StepRange&) const = default;
};

struct HistoryEvent {
  int64_t id = 0;  // given by the history
  int64_t wall_ms = 0;
  int64_t step = 0;
  std::optional<int64_t> to_step;
  std::string kind;      // rank_died, checkpoint_saved, …
  std::string severity;  // info, good, recovered, undone, error
  std::string title;
  std::string detail;
  std::optional<int64_t> lost_steps;
  std::optional<double> cost_s;
  std::optional<std::string> node;
};

enum class EventOrder { kOldestFirst, kNewestFirst };

// What came of a step handed to the history.
enum class Outcome {
  kNew,      // recorded
  kSame,     // known already, with the same bits
  kDiffers,  // known already with other bits: the first ones were kept
  kRefused,  // no step of this segment: before its first one
};

struct StepOutcome {
  Outcome outcome = Outcome::kNew;
  std::string metric;     // kDiffers: which, and both values
  double recorded = 0.0;  // kept
  double reported = 0.0;  // refused
};

// A step that came again with other bits. Remembered with the batch that brought it, until a later one.
struct Mismatch {
  std::string id;  // of this one, over all lives of the file
  int64_t step = 0;
  std::string metric;
  double recorded = 0.0;
  double reported = 0.0;
};

// A live delta: `body` is a JSON object without "seq"; telemetry/live splices that in.
struct LiveDelta {
  int64_t seq = 0;
  std::string body;
};

// Everything one transaction commits. Steps are best given in ascending order.
struct HistoryBatch {
  struct Step {
    int64_t segment = 0;
    StepRecord record;
    std::string live_body;  // becomes a live delta when the step is new; empty: none
  };
  struct Mark {
    std::string source;  // the spool of one agent, or the journal
    int64_t seq = 0;     // it is committed up to here, without gaps
  };
  std::vector<Step> steps;
  std::vector<Mark> marks;
};

struct BatchResult {
  std::vector<StepOutcome> outcomes;  // one a step, in the order given
  std::vector<Mismatch> mismatches;
  std::vector<LiveDelta> deltas;  // of the new steps, with the sequence numbers they were committed under
};

// One bucket of 4^level consecutive steps (clipped to the range asked for).
struct SeriesPoint {
  int64_t first_step = 0;  // first and last step of the bucket that have a value
  int64_t last_step = 0;
  int64_t n = 0;          // finite values
  int64_t nonfinite = 0;  // NaN and infinities: never in mean, min, max
  double sum = 0.0;       // children in step order, so the same bits however the samples arrived
  double min = 0.0;
  double max = 0.0;
  double last = 0.0;    // newest finite value
  int64_t wall_ms = 0;  // of last_step
  int64_t tokens = 0;   // of last_step
  double mean() const { return n > 0 ? sum / static_cast<double>(n) : 0.0; }
};

struct Series {
  std::string metric;
  int64_t from = 0;  // inclusive; after clipping to what exists
  int64_t to = 0;
  int level = 0;
  int64_t bucket_steps = 1;
  std::vector<SeriesPoint> points;  // ascending; buckets without a value are absent
  std::vector<Segment> segments;    // that the points came from, oldest first
};

}  // namespace longhaul::telemetry
