// A small run, its view and a clock that stands where the test puts it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "config/load.h"
#include "daemon/api/run_view.h"
#include "tests/config/example.h"

namespace longhaul::daemon {

class SetClock final : public Clock {
 public:
  int64_t wall_ms() const override { return now_ms; }
  int64_t steady_ms() const override { return now_ms; }
  int64_t now_ms = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
};

class ViewTest : public testing::Test {
 protected:
  ViewTest()
      : config_(config::parse(config::example_yaml(), "run.yaml", "/run").value()),
        view_(config_, clock_, 3'222'528, [this](const std::string& node) -> std::optional<NodeRow> {
          const auto row = rows_.find(node);
          return row == rows_.end() ? std::nullopt : std::optional(row->second);
        }) {}

  void show(const RunState& state) { view_.set_state(std::make_shared<const RunState>(state)); }
  // `text` as JSON, for comparisons with what the view says.
  static json::value parsed(const std::string& text) { return json::parse(text).value(); }

  config::RunConfig config_;
  SetClock clock_;
  std::map<std::string, NodeRow> rows_;
  DaemonRunView view_;
};

}  // namespace longhaul::daemon
