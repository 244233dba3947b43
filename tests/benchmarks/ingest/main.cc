// How fast the history takes steps, beside bare inserts of the same values into the same tables through
// SQLite (no rollups, no marks, no live deltas, no check for repeated steps), both with WAL and
// synchronous=FULL on the same disk, in turns so that other load meets both alike.
//
//     bench_ingest [FOLDER]     (default: a new folder below /var/tmp, removed at the end)
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/core/check.h"
#include "base/crypto/random.h"
#include "base/sqlite/database.h"
#include "telemetry/history/history.h"

namespace longhaul::telemetry {
namespace {

constexpr int kMetrics = 16;
constexpr int64_t kBulkSteps = 20'000;
constexpr int64_t kStepsABatch = 1'000;
constexpr int kBulkRounds = 5;
constexpr int64_t kSingleSteps = 3'000;
constexpr int64_t kTurn = 100;  // single commits of one side before the other one's turn

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())) - 1)];
}

StepRecord step_record(int64_t step) {
  StepRecord r{step, 1'700'000'000'000 + step * 250, step * 4096, {}};
  for (int m = 0; m < kMetrics; ++m) {
    const float value = 2.5F + 0.1F * std::sin(static_cast<float>(step * (m + 1)));
    r.values.emplace_back(m == 0   ? kLossMetric
                          : m == 1 ? kGradNormMetric
                                   : "metric_" + std::to_string(m),
                          static_cast<double>(value));
  }
  return r;
}

class Ours {
 public:
  explicit Ours(const std::string& path) : history_(History::open(path).value()) {
    segment_ = history_->begin_segment(0, std::nullopt, 1, "bench").value();
  }
  void write(const std::vector<StepRecord>& steps) {
    HistoryBatch batch;
    for (const StepRecord& s : steps) batch.steps.push_back({segment_, s, R"({"type":"step","loss":2.5})"});
    batch.marks.push_back({"node-0", steps.back().step});
    CHECK(history_->record_batch(batch).has_value());
  }

 private:
  std::unique_ptr<History> history_;
  int64_t segment_ = 0;
};

class Raw {
 public:
  explicit Raw(const std::string& path) : db_(sqlite::Database::open(path).value()) {
    CHECK(db_.execute("CREATE TABLE axis(seg INTEGER, step INTEGER, wall_ms INTEGER, tokens INTEGER, "
                      "PRIMARY KEY(seg,step)) WITHOUT ROWID;"
                      "CREATE TABLE sample(seg INTEGER, metric INTEGER, step INTEGER, v REAL, nf INTEGER, "
                      "PRIMARY KEY(seg,metric,step)) WITHOUT ROWID")
              .has_value());
    axis_ = db_.prepare("INSERT INTO axis VALUES(1,?,?,?)").value();
    sample_ = db_.prepare("INSERT INTO sample VALUES(1,?,?,?,0)").value();
  }
  void write(const std::vector<StepRecord>& steps) {
    const auto done = db_.transaction([&]() -> Result<> {
      for (const StepRecord& s : steps) {
        LH_TRY(axis_.bind(1, s.step).bind(2, s.wall_ms).bind(3, s.tokens).run());
        for (size_t m = 0; m < s.values.size(); ++m) {
          LH_TRY(sample_.bind(1, static_cast<int64_t>(m)).bind(2, s.step).bind(3, s.values[m].second).run());
        }
      }
      return {};
    });
    CHECK(done.has_value());
  }

 private:
  sqlite::Database db_;
  sqlite::Statement axis_{nullptr};
  sqlite::Statement sample_{nullptr};
};

std::vector<StepRecord> steps_from(int64_t first, int64_t count) {
  std::vector<StepRecord> steps;
  for (int64_t s = first; s < first + count; ++s) steps.push_back(step_record(s));
  return steps;
}

template <class Side>
double bulk_values_per_second(const std::string& path) {
  Side side(path);
  double seconds = 0;
  for (int64_t s = 1; s <= kBulkSteps; s += kStepsABatch) {
    const auto steps = steps_from(s, kStepsABatch);
    seconds += seconds_of([&] { side.write(steps); });
  }
  return static_cast<double>(kBulkSteps * kMetrics) / seconds;
}

template <class Side>
void commit_singly(Side& side, int64_t first, std::vector<double>& took_ms) {
  for (int64_t s = first; s < first + kTurn; ++s) {
    const auto step = steps_from(s, 1);
    took_ms.push_back(1000 * seconds_of([&] { side.write(step); }));
  }
}

void print(const char* metric, double ours, double peer, const char* unit) {
  fmt::print(
      R"({{"bench":"ingest","metric":"{}","ours":{:.6g},"peer":{:.6g},"peer_name":"raw SQLite inserts",)"
      R"("limit":null,"limit_name":null,"unit":"{}","ratio_to_peer":{:.4g},"ratio_to_limit":null}})"
      "\n",
      metric, ours, peer, unit, ours / peer);
}

void run(const std::string& folder) {
  std::vector<double> ours;
  std::vector<double> raw;
  for (int round = 0; round < kBulkRounds; ++round) {
    ours.push_back(bulk_values_per_second<Ours>(fmt::format("{}/ours-{}.db", folder, round)));
    raw.push_back(bulk_values_per_second<Raw>(fmt::format("{}/raw-{}.db", folder, round)));
  }
  print("values_per_second", quantile(ours, 0.5), quantile(raw, 0.5), "1/s");

  Ours our_side(folder + "/ours.db");
  Raw raw_side(folder + "/raw.db");
  std::vector<double> ours_ms;
  std::vector<double> raw_ms;
  for (int64_t s = 1; s <= kSingleSteps; s += kTurn) {
    commit_singly(our_side, s, ours_ms);
    commit_singly(raw_side, s, raw_ms);
  }
  fmt::print(stderr, "step commit p50: {:.3f} ms, raw {:.3f} ms\n", quantile(ours_ms, 0.5),
             quantile(raw_ms, 0.5));
  print("step_commit_p99_ms", quantile(ours_ms, 0.99), quantile(raw_ms, 0.99), "ms");
}

}  // namespace
}  // namespace longhaul::telemetry

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/var/tmp/bench-ingest-" + longhaul::random_hex(8);
  std::filesystem::create_directories(folder);
  longhaul::telemetry::run(folder);
  if (argc == 1) std::filesystem::remove_all(folder);
}
