#include "daemon/runtime/recorder/recorder.h"

#include <csignal>
#include <future>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/sqlite/database.h"
#include "daemon/runtime/recorder/reports.h"
#include "telemetry/history/reader.h"
#include "tests/daemon/runtime/recorder/random_json.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class FixedClock final : public Clock {
 public:
  int64_t wall_ms() const override { return 1'700'000'000'000; }
  int64_t steady_ms() const override { return 5; }
};

// While it lives, no file of this process grows: what a full disk does.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

telemetry::StepRecord step(int64_t number, double loss) {
  return {number, 1'699'999'999'000, number * 1000, {{"loss", loss}, {"step_ms", 100}}};
}

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() { start(); }

  void start() {
    recorder_.reset();
    metrics_ = std::make_unique<telemetry::Metrics>("demo", "0");
    auto started = Recorder::start(path_, clock_, *metrics_, callbacks());
    ASSERT_TRUE(started) << started.error().message;
    recorder_ = std::move(*started);
  }

  Recorder::Callbacks callbacks() {
    Recorder::Callbacks c;
    c.committed = [this](const std::string& node, int64_t seq) {
      // On the worker, and through a connection of its own: what another process would find on the disk.
      auto db = sqlite::Database::open(path_, sqlite::Database::Mode::kReadOnly).value();
      auto query = db.prepare("SELECT seq FROM source_mark WHERE source=?").value();
      query.bind(1, node);
      const bool there = query.step().value() && query.as_int(0) >= seq;
      told_.push_back(fmt::format("{} {} {}", there ? "committed" : "NOT ON DISK", node, seq));
    };
    c.deltas = [this](const std::vector<telemetry::LiveDelta>& deltas) {
      for (const auto& d : deltas) deltas_.push_back(d);
    };
    c.newest = [this](const telemetry::StepRecord& s) { told_.push_back(fmt::format("newest {}", s.step)); };
    c.mismatch = [this](const DigestMismatch& m) {
      told_.push_back(fmt::format("mismatch {}: {}", m.step, m.detail));
      mismatches_.push_back(m);
    };
    return c;
  }

  // The loss digest up to `step`, taken after everything posted so far.
  std::future<std::string> settling(int64_t step = 0) {
    auto done = std::make_shared<std::promise<std::string>>();  // shared: set_value may end after get()
    auto future = done->get_future();
    recorder_->digest(step, [done](std::string digest) { done->set_value(std::move(digest)); });
    return future;
  }
  std::string settle(int64_t step = 0) { return settling(step).get(); }
  telemetry::HistoryReader reader() { return telemetry::HistoryReader::open(path_).value(); }
  std::vector<std::string> titles() {
    std::vector<std::string> all;
    const auto events = reader().events(0, 100, telemetry::EventOrder::kOldestFirst).value();
    for (const auto& e : events) all.push_back(e.title);
    return all;
  }
  static Announce announce(const std::string& title) {
    return {.kind = "rank_died", .severity = "info", .title = title, .detail = "", .step = 3, .node = ""};
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "history.db";
  FixedClock clock_;
  std::vector<std::string> told_;  // the worker's; read after settle() or the recorder's end
  std::vector<telemetry::LiveDelta> deltas_;
  std::vector<DigestMismatch> mismatches_;
  std::unique_ptr<telemetry::Metrics> metrics_;
  std::unique_ptr<Recorder> recorder_;
};

TEST_F(RecorderTest, ABatchIsAcknowledgedOnceItsStepsAndItsMarkAreOnTheDisk) {
  recorder_->post(Measurements{"node-0", 2, {step(1, 2.5), step(2, 2.4)}});
  settle();
  EXPECT_THAT(told_, ElementsAre("newest 1", "newest 2", "committed node-0 2"));
  EXPECT_EQ(reader().step(2).value().value().values[0].second, 2.4);
  EXPECT_EQ(recorder_->mark("node-0"), 2);
}

TEST_F(RecorderTest, NothingIsAcknowledgedWhileAnotherProcessHoldsTheDatabase) {
  auto other = sqlite::Database::open(path_).value();
  ASSERT_TRUE(other.execute("BEGIN IMMEDIATE"));
  recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
  const auto future = settling();
  EXPECT_EQ(future.wait_for(300ms), std::future_status::timeout);
  ASSERT_TRUE(other.execute("ROLLBACK"));
  future.wait();
  EXPECT_THAT(told_, ElementsAre("newest 1", "committed node-0 1"));
}

TEST_F(RecorderTest, AStepReportedByEveryRankIsRecordedOnceAndAcknowledgedToEachNode) {
  recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
  recorder_->post(Measurements{"node-1", 4, {step(1, 2.5), step(1, 2.5)}});
  settle();
  EXPECT_EQ(std::count(told_.begin(), told_.end(), "newest 1"), 1);
  EXPECT_THAT(told_, testing::Contains("committed node-0 1"));
  EXPECT_THAT(told_, testing::Contains("committed node-1 4"));
  EXPECT_EQ(deltas_.size(), 1U);
}

TEST_F(RecorderTest, AStepDoneAgainWithOtherBitsIsAMismatchAndTheFirstOnesStay) {
  recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
  settle();
  recorder_->post(Measurements{"node-1", 1, {step(1, 2.5000000000000004)}});
  settle();
  EXPECT_THAT(told_, ElementsAre("newest 1", "committed node-0 1",
                                 "mismatch 1: loss was 2.5, now 2.5000000000000004", "committed node-1 1"));
  EXPECT_EQ(reader().step(1).value().value().values[0].second, 2.5);
}

TEST_F(RecorderTest, ALaterLifeFindsTheNewestMismatchAndKnowsItFromAnother) {
  EXPECT_FALSE(recorder_->last_mismatch());
  recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
  recorder_->post(Measurements{"node-1", 1, {step(1, 2.25)}});
  recorder_->post(Measurements{"node-2", 1, {step(1, 2.75)}});
  settle();
  ASSERT_EQ(mismatches_.size(), 2U);
  EXPECT_NE(mismatches_[0].id, mismatches_[1].id);
  start();
  ASSERT_TRUE(recorder_->last_mismatch());
  EXPECT_EQ(recorder_->last_mismatch()->id, mismatches_[1].id);
  EXPECT_EQ(recorder_->last_mismatch()->step, 1);
  EXPECT_EQ(recorder_->last_mismatch()->detail, "loss was 2.5, now 2.75");
}

TEST_F(RecorderTest, ALateStepIsRecordedButIsNotTheNewest) {
  recorder_->post(Measurements{"node-0", 1, {step(5, 2.5)}});
  settle();
  recorder_->post(Measurements{"node-0", 2, {step(4, 2.6)}});
  settle();
  EXPECT_THAT(told_, ElementsAre("newest 5", "committed node-0 1", "committed node-0 2"));
  EXPECT_TRUE(reader().step(4).value().has_value());
}

TEST_F(RecorderTest, ABatchWithoutStepsIsAcknowledgedToo) {
  recorder_->post(Measurements{"node-0", 3, {}});
  settle();
  EXPECT_THAT(told_, ElementsAre("committed node-0 3"));
}

TEST_F(RecorderTest, ALaterLifeFindsMarksTheNewestStepAndTheDeltasThatViewersMayHaveMissed) {
  recorder_->post(Measurements{"node-0", 9, {step(1, 2.5), step(2, 2.4)}});
  settle();
  const std::string epoch = recorder_->live_epoch();
  start();
  EXPECT_EQ(recorder_->mark("node-0"), 9);
  EXPECT_EQ(recorder_->mark("node-1"), 0);
  EXPECT_EQ(recorder_->last_step(), 2);
  EXPECT_EQ(recorder_->live_epoch(), epoch);
  ASSERT_EQ(recorder_->outbox().size(), deltas_.size());
  EXPECT_EQ(recorder_->outbox().back().body, deltas_.back().body);
  told_.clear();
  recorder_->post(Measurements{"node-1", 1, {step(2, 2.4)}});  // known already
  settle();
  EXPECT_THAT(told_, ElementsAre("committed node-1 1"));
}

TEST_F(RecorderTest, WhatAStepDoesNotSayIsNoMetric) {
  recorder_->post(Measurements{"node-0", 1, {{1, 1'699'999'999'000, 0, {{"loss", 2.5}}}}});
  settle();
  const std::string text = metrics_->text();
  EXPECT_THAT(text, testing::HasSubstr("train_loss{split=\"train\"} 2.5\n"));
  for (const char* name :
       {"train_grad_norm ", "train_learning_rate ", "train_tokens ", "train_step_duration_seconds_count"}) {
    EXPECT_THAT(text, testing::Not(testing::HasSubstr(std::string("\n") + name))) << name;
  }
}

TEST_F(RecorderTest, AnEventIsRecordedOncePerPositionAlsoByALaterLife) {
  recorder_->post(announce("One."), 7, "journal a", 1);
  recorder_->post(announce("One again."), 7, "journal a", 1);
  recorder_->post(announce("Two."), 8, "journal a", 3);
  settle();
  start();
  EXPECT_EQ(recorder_->mark("journal a"), 3);
  recorder_->post(announce("One, replayed."), 7, "journal a", 1);
  recorder_->post(announce("Three."), 9, "journal a", 4);
  recorder_->post(announce("Of another journal."), 10, "journal b", 1);
  settle();
  EXPECT_THAT(titles(), ElementsAre("One.", "Two.", "Three.", "Of another journal."));
  EXPECT_EQ(deltas_.size(), 4U);
}

TEST_F(RecorderTest, AnEventKeepsWhatItSaysAndUnknownStaysUnknown) {
  Announce a{.kind = "restored",
             .severity = "undone",
             .title = "T",
             .detail = "D",
             .step = 120,
             .to_step = 131,
             .lost_steps = 11,
             .cost_s = 1.5,
             .node = "node-1"};
  recorder_->post(a, 1'700'000'000'123, "j", 1);
  recorder_->post(announce("U"), 1'700'000'000'456, "j", 2);
  settle();
  const auto events = reader().events(0, 10, telemetry::EventOrder::kOldestFirst).value();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].wall_ms, 1'700'000'000'123);
  EXPECT_EQ(events[0].kind, "restored");
  EXPECT_EQ(events[0].severity, "undone");
  EXPECT_EQ(events[0].detail, "D");
  EXPECT_EQ(events[0].step, 120);
  EXPECT_EQ(events[0].to_step, 131);
  EXPECT_EQ(events[0].lost_steps, 11);
  EXPECT_EQ(events[0].cost_s, 1.5);
  EXPECT_EQ(events[0].node, "node-1");
  EXPECT_FALSE(events[1].to_step || events[1].lost_steps || events[1].cost_s || events[1].node);
}

TEST_F(RecorderTest, WhileTheDiskIsFullEverythingWaitsInOrderAndNothingIsLost) {
  std::future<std::string> future;
  {
    FullDisk full;
    recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
    recorder_->post(announce("Event."), 7, "j", 1);
    recorder_->post(Measurements{"node-0", 2, {step(2, 2.4)}});
    future = settling(2);
    EXPECT_EQ(future.wait_for(500ms), std::future_status::timeout) << "it is acknowledged, and not written";
  }
  const std::string digest = future.get();
  EXPECT_THAT(told_, testing::IsSupersetOf({"committed node-0 1", "committed node-0 2"}));
  EXPECT_THAT(titles(), ElementsAre("Event."));
  EXPECT_EQ(digest, reader().loss_digest(2).value());
  EXPECT_NE(digest, "");
}

TEST_F(RecorderTest, EndsEvenThoughTheDiskIsFullAndThenHasAcknowledgedNothing) {
  {
    FullDisk full;
    recorder_->post(Measurements{"node-0", 1, {step(1, 2.5)}});
    recorder_->post(announce("Event."), 7, "j", 1);
    auto end = std::async(std::launch::async, [&] { recorder_.reset(); });
    ASSERT_EQ(end.wait_for(20s), std::future_status::ready);
  }
  EXPECT_THAT(told_, IsEmpty());
  start();
  EXPECT_EQ(recorder_->mark("node-0"), 0);
  EXPECT_EQ(recorder_->last_step(), 0);
}

TEST_F(RecorderTest, TheDigestIsThatOfTheHistoryAndEmptyWhileAStepIsMissing) {
  recorder_->post(Measurements{"node-0", 1, {step(1, 2.5), step(2, 2.4), step(4, 2.2)}});
  const std::string of_two = settle(2);
  EXPECT_EQ(of_two, reader().loss_digest(2).value());
  EXPECT_EQ(of_two.size(), 16U);
  EXPECT_EQ(settle(4), "");
}

TEST_F(RecorderTest, WhateverRanksReportNothingKeepsTheHistoryFromGoingOn) {
  RandomJson random(99);
  for (int64_t i = 0; i < 3000; ++i) {
    const Report r = read_report("node-0", wire::SpoolEntry{i, i, random.object()}, 0);
    Measurements m{"node-0", i + 1, {}};
    if (r.step) m.steps.push_back(*r.step);
    recorder_->post(std::move(m));
  }
  const auto future = settling();
  ASSERT_EQ(future.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(recorder_->mark("node-0"), 3000);
}

}  // namespace
}  // namespace longhaul::daemon
