#include "telemetry/history/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/core/check.h"
#include "base/crypto/random.h"
#include "telemetry/history/canonical.h"
#include "telemetry/history/event_log.h"
#include "telemetry/history/loss_digest.h"
#include "telemetry/history/mismatch.h"
#include "telemetry/history/schema.h"
#include "telemetry/history/step_writer.h"

namespace longhaul::telemetry {
namespace {

constexpr int64_t kOutboxFrames = 1024;  // more than a viewer may lag behind

Result<std::optional<std::string>> load_meta(sqlite::Database& db, std::string_view key) {
  LH_ASSIGN(auto query, db.prepare("SELECT value FROM meta WHERE key=?"));
  query.bind(1, key);
  LH_ASSIGN(const bool found, query.step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(query.as_text(0));
}

Result<> store_meta(sqlite::Database& db, std::string_view key, std::string_view value) {
  LH_ASSIGN(auto insert, db.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)"));
  return insert.bind(1, key).bind(2, value).run();
}

Result<int64_t> load_last_seq(sqlite::Database& db) {
  LH_ASSIGN(auto query, db.prepare("SELECT coalesce(max(seq),0) FROM outbox"));
  LH_TRY(query.step());
  return query.as_int(0);
}

class HistoryImpl final : public History {
 public:
  explicit HistoryImpl(sqlite::Database db) : db_(std::move(db)) {}

  Result<> start() {
    LH_TRY(create_or_check_schema(db_));
    LH_ASSIGN(auto epoch, load_meta(db_, "live_epoch"));
    if (!epoch) {
      epoch = random_hex(8);
      LH_TRY(store_meta(db_, "live_epoch", *epoch));
    }
    epoch_ = *epoch;
    LH_ASSIGN(last_seq_, load_last_seq(db_));
    LH_ASSIGN(insert_mark_, db_.prepare("INSERT INTO source_mark VALUES(?1,?2) ON CONFLICT(source) DO UPDATE "
                                        "SET seq=max(seq,?2)"));
    LH_ASSIGN(insert_outbox_, db_.prepare("INSERT INTO outbox VALUES(?,?)"));
    LH_ASSIGN(trim_outbox_, db_.prepare("DELETE FROM outbox WHERE seq<=?"));
    return {};
  }

  Result<BatchResult> record_batch(const HistoryBatch& batch) override {
    BatchResult result;
    LH_TRY(commit([&]() -> Result<> { return write_batch(batch, result); }));
    return result;
  }

  Result<int64_t> begin_segment(int64_t branch, std::optional<int64_t> parent, int64_t first_step,
                                std::string_view reason) override {
    LH_ASSIGN(const auto known, segment_of_branch(branch));
    if (known) {
      if (known->parent == parent && known->first_step == first_step) return known->id;
      return Error{ErrorCode::kConflict,
                   fmt::format("branch {} began at step {} of another segment", branch, known->first_step)};
    }
    if (first_step < 1)
      return invalid(fmt::format("a segment begins at step 1 or later, not {}", first_step));
    LH_ASSIGN(
        auto insert,
        db_.prepare("INSERT INTO segment(branch,parent_id,first_step,end_step,reason) VALUES(?,?,?,?,?)"));
    insert.bind(1, branch).bind(3, first_step).bind(4, first_step - 1).bind(5, reason);
    parent ? insert.bind(2, *parent) : insert.bind_null(2);
    LH_TRY(insert.run());
    return db_.last_insert_id();
  }

  Result<> cut(int64_t segment, int64_t step, std::string_view reason) override {
    LH_ASSIGN(auto update,
              db_.prepare("UPDATE segment SET cut_step=min(coalesce(cut_step,?2),?2), cut_reason=?3 "
                          "WHERE id=?1 RETURNING id"));
    update.bind(1, segment).bind(2, step).bind(3, reason);
    LH_ASSIGN(const bool found, update.step());
    if (!found) return invalid(fmt::format("there is no segment {}", segment));
    return update.run();
  }

  Result<std::optional<Segment>> segment_of_branch(int64_t branch) override {
    LH_ASSIGN(const auto segments, load_segments(db_));
    for (const Segment& s : segments) {
      if (s.branch == branch) return std::optional<Segment>(s);
    }
    return std::optional<Segment>();
  }

  Result<std::optional<Segment>> current_segment() override {
    LH_ASSIGN(const auto segments, load_segments(db_));
    if (segments.empty()) return std::optional<Segment>();
    return std::optional<Segment>(segments.back());
  }

  Result<int64_t> mark(std::string_view source) override {
    LH_ASSIGN(auto query, db_.prepare("SELECT seq FROM source_mark WHERE source=?"));
    query.bind(1, source);
    LH_ASSIGN(const bool found, query.step());
    return found ? query.as_int(0) : 0;
  }

  Result<std::optional<Mismatch>> mismatch() override { return load_newest_mismatch(db_, epoch_); }

  Result<StoredEvent> add_event(const HistoryEvent& event, const MakeLiveBody& make_live_body,
                                const std::optional<HistoryBatch::Mark>& position) override {
    StoredEvent stored{event, std::nullopt};
    if (position) {
      LH_ASSIGN(const int64_t committed, mark(position->source));
      stored.known = position->seq <= committed;
      if (stored.known) return stored;
    }
    const auto body = [&]() -> Result<> {
      LH_ASSIGN(stored.event.id, insert_event(db_, event));
      if (position) {
        LH_TRY(insert_mark_.bind(1, position->source).bind(2, position->seq).run());
      }
      if (!make_live_body) return {};
      LH_ASSIGN(stored.delta, append_outbox(make_live_body(stored.event)));
      return {};
    };
    LH_TRY(commit(body));
    return stored;
  }

  Result<std::vector<HistoryEvent>> events(int64_t after, int64_t limit, EventOrder order) override {
    return load_events(db_, after, limit, order);
  }
  Result<int64_t> last_step() override {
    LH_ASSIGN(const auto path, load_canonical_path(db_));
    return last_step_of(path);
  }
  Result<std::vector<StepRange>> missing_steps() override { return load_missing_steps(db_); }
  Result<std::optional<StepRecord>> step(int64_t step) override { return load_step(db_, step); }
  Result<std::string> loss_digest(int64_t upto) override { return digest_.upto(db_, upto); }

  std::string live_epoch() const override { return epoch_; }
  Result<std::vector<LiveDelta>> outbox() override {
    LH_ASSIGN(auto query, db_.prepare("SELECT seq, body FROM outbox ORDER BY seq"));
    std::vector<LiveDelta> deltas;
    for (;;) {
      LH_ASSIGN(const bool more, query.step());
      if (!more) return deltas;
      deltas.push_back({query.as_int(0), query.as_text(1)});
    }
  }

 private:
  // A transaction; what memory knows beyond the file is forgotten when it fails.
  template <class Body>
  Result<> commit(Body&& body) {
    const int64_t last_seq = last_seq_;
    Result<> done = db_.transaction([&]() -> Result<> {
      LH_TRY(body());
      if (last_seq_ == last_seq) return {};
      return trim_outbox_.bind(1, last_seq_ - kOutboxFrames).run();
    });
    if (!done) {
      writer_.reset();
      last_seq_ = last_seq;
    }
    return done;
  }

  Result<> write_batch(const HistoryBatch& batch, BatchResult& result) {
    if (!writer_) {
      LH_ASSIGN(auto writer, StepWriter::open(db_));
      writer_ = std::make_unique<StepWriter>(std::move(writer));
    }
    for (const HistoryBatch::Step& step : batch.steps) {
      LH_ASSIGN(auto outcome, writer_->write(step.segment, step.record));
      if (outcome.outcome == Outcome::kNew && !step.live_body.empty()) {
        LH_ASSIGN(auto delta, append_outbox(step.live_body));
        result.deltas.push_back(std::move(delta));
      }
      if (outcome.outcome == Outcome::kDiffers) {
        LH_ASSIGN(auto mismatch, insert_mismatch(db_, epoch_, step.record.step, outcome));
        result.mismatches.push_back(std::move(mismatch));
      }
      result.outcomes.push_back(std::move(outcome));
    }
    LH_TRY(writer_->finish());
    for (const HistoryBatch::Mark& mark : batch.marks) {
      LH_TRY(insert_mark_.bind(1, mark.source).bind(2, mark.seq).run());
    }
    return {};
  }

  Result<LiveDelta> append_outbox(std::string body) {
    LiveDelta delta{++last_seq_, std::move(body)};
    LH_TRY(insert_outbox_.bind(1, delta.seq).bind(2, delta.body).run());
    return delta;
  }

  sqlite::Database db_;  // before the statements: they go first
  std::string epoch_;
  int64_t last_seq_ = 0;
  std::unique_ptr<StepWriter> writer_;
  LossDigest digest_;
  sqlite::Statement insert_mark_{nullptr};
  sqlite::Statement insert_outbox_{nullptr};
  sqlite::Statement trim_outbox_{nullptr};
};

}  // namespace

Result<std::unique_ptr<History>> History::open(const std::string& path) {
  LH_ASSIGN(auto db, sqlite::Database::open(path));
  auto history = std::make_unique<HistoryImpl>(std::move(db));
  if (auto started = history->start(); !started) return std::move(started.error()).with_context(path);
  return std::unique_ptr<History>(std::move(history));
}

Result<StepOutcome> History::record(int64_t segment, const StepRecord& record) {
  HistoryBatch batch;
  batch.steps.push_back({segment, record, ""});
  LH_ASSIGN(auto result, record_batch(batch));
  CHECK(result.outcomes.size() == 1);
  return std::move(result.outcomes.front());
}

}  // namespace longhaul::telemetry
