// The run as the public sees it, put together from what the engine decided, what was measured last and
// which agents are connected.
// Thread-safety: one thread, that of the io_context; everything is handed in there.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "config/run_config.h"
#include "daemon/core/run_state.h"
#include "telemetry/history/types.h"
#include "telemetry/publish/publisher.h"

namespace longhaul::daemon {

// A checkpoint as the catalog lists it.
struct CheckpointRow {
  int64_t step = 0;
  int64_t branch = 0;
  std::string generation;
  int64_t saved_at_ms = 0;
  int64_t size_bytes = 0;
  std::optional<bool> verified;  // its bytes were read back and are right, or are not; unknown until then
};

// What is known of a node beyond the state: from its agent's last heartbeat.
struct NodeRow {
  int64_t agent_pid = 0;
  int64_t last_heard_ms_ago = 0;
  struct Rank {
    int rank = 0;
    int64_t pid = 0;
    std::string state;
    int64_t step = -1;
  };
  std::vector<Rank> ranks;
};

class DaemonRunView final : public telemetry::publish::RunView {
 public:
  // node_row: null when the node is not connected.
  DaemonRunView(const config::RunConfig& config, const Clock& clock, int64_t parameters,
                std::function<std::optional<NodeRow>(const std::string&)> node_row);

  void set_state(std::shared_ptr<const RunState> state) { state_ = std::move(state); }
  void set_step(const telemetry::StepRecord& step);
  // When the newest step ended, also one that was run again.
  void set_last_step_ms(int64_t wall_ms) { last_step_ms_ = std::max(last_step_ms_, wall_ms); }
  void set_checkpoints(std::vector<CheckpointRow> rows) { checkpoints_ = std::move(rows); }
  void set_loss_digest(const std::string& digest) { loss_digest_ = digest; }
  const RunState& state() const { return *state_; }
  int64_t step() const;  // newest completed and recorded

  std::optional<double> goodput(int64_t now_ms) const;

  json::object run() override;
  json::array nodes() override;
  json::array checkpoints() override;
  bool ready() override { return state_ != nullptr && state_->term > 0; }
  // Operators see pids as well.
  json::array nodes_with_pids();

 private:
  void add_position(json::object* o) const;
  void add_progress(json::object* o, int64_t now_ms) const;
  void add_nodes(json::object* o) const;
  json::value last_checkpoint() const;

  const config::RunConfig& config_;
  const Clock& clock_;
  const int64_t parameters_;
  const std::function<std::optional<NodeRow>(const std::string&)> node_row_;
  std::shared_ptr<const RunState> state_;
  std::optional<telemetry::StepRecord> step_;
  int64_t last_step_ms_ = 0;
  std::vector<CheckpointRow> checkpoints_;
  std::string loss_digest_;
};

}  // namespace longhaul::daemon
