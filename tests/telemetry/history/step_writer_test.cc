// A writer that is killed: what it was told is committed must be there.
#include "telemetry/history/step_writer.h"

#include <csignal>

#include <sys/wait.h>

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

// Writes batches for ever; after each one it tells the last committed step through the pipe.
[[noreturn]] void write_for_ever(const std::string& path, int pipe_fd) {
  auto history = History::open(path).value();
  const int64_t segment = history->begin_segment(0, std::nullopt, 1, "start").value();
  for (int64_t step = history->last_step().value() + 1;;) {
    HistoryBatch batch;
    for (int i = 0; i < 5; ++i, ++step)
      batch.steps.push_back({segment, step_record(step, 1.0 / static_cast<double>(step)), "{}"});
    batch.marks.push_back({"node-0", step - 1});
    if (!history->record_batch(batch)) _exit(3);
    const int64_t acknowledged = step - 1;
    if (::write(pipe_fd, &acknowledged, sizeof acknowledged) != sizeof acknowledged) _exit(4);
  }
}

TEST(StepWriter, AKilledWriterLosesNothingItAcknowledged) {
  const std::string path = fresh_history_path("killed");
  for (int round = 0; round < 5; ++round) {
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_for_ever(path, fds[1]);
    ::close(fds[1]);
    int64_t acknowledged = 0;
    int64_t value = 0;
    for (int i = 0; i < 20 + round * 13 && ::read(fds[0], &value, sizeof value) == sizeof value; ++i)
      acknowledged = value;
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself: " << WEXITSTATUS(status);
    while (::read(fds[0], &value, sizeof value) == sizeof value) acknowledged = value;
    ::close(fds[0]);

    auto history = History::open(path).value();
    const int64_t last = history->last_step().value();
    EXPECT_GE(last, acknowledged);
    EXPECT_EQ(last % 5, 0) << "half a batch was committed";
    EXPECT_EQ(history->mark("node-0").value(), last);
    EXPECT_EQ(history->outbox().value().back().seq, last);
    EXPECT_TRUE(history->missing_steps().value().empty());
    const auto series = HistoryReader::open(path).value().series({.metric = "loss", .points = 10}).value();
    int64_t n = 0;
    for (const SeriesPoint& p : series.points) {
      n += p.n;
      EXPECT_EQ(p.max, 1.0 / static_cast<double>(p.first_step));
      EXPECT_EQ(p.min, 1.0 / static_cast<double>(p.last_step));
    }
    EXPECT_EQ(n, last);
  }
}

}  // namespace
}  // namespace longhaul::telemetry
