// A fresh history file and shorthands for steps.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "telemetry/history/history.h"
#include "telemetry/history/reader.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::telemetry {

inline std::string fresh_history_path(std::string name) {
  static std::deque<TemporaryFolder> folders;  // there until the program ends
  std::replace(name.begin(), name.end(), '/', '-');
  return folders.emplace_back() / (name + ".db");
}

inline StepRecord step_record(int64_t step, double loss, double grad_norm = 1.0) {
  return StepRecord{
      step, 1'700'000'000'000 + step * 250, step * 4096, {{"loss", loss}, {"grad_norm", grad_norm}}};
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest()
      : path_(fresh_history_path(testing::UnitTest::GetInstance()->current_test_info()->name())),
        history_(open()) {}

  std::unique_ptr<History> open() { return History::open(path_).value(); }
  void reopen() {
    history_.reset();
    history_ = open();
  }
  HistoryReader reader() { return HistoryReader::open(path_).value(); }
  Outcome record(int64_t segment, const StepRecord& r) {
    return history_->record(segment, r).value().outcome;
  }

  std::string path_;
  std::unique_ptr<History> history_;
};

}  // namespace longhaul::telemetry
