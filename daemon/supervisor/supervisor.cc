#include "daemon/supervisor/supervisor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/core/names.h"
#include "daemon/engine/codec.h"
#include "daemon/runtime/recorder/reports.h"
#include "daemon/supervisor/timers.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kHelloTimeoutMs = 10'000;

}  // namespace

void Supervisor::to_io(std::function<void()> task) { boost::asio::post(io_, std::move(task)); }

void Supervisor::engine_event(const Event& event) {
  engine_worker_->post([this, event] {
    engine_->handle(event);
    publish_state();
  });
}

void Supervisor::on_hello(const wire::Hello& hello) {
  AgentConnected e{hello.node, hello.instance, {}};
  for (const wire::RankStatus& r : hello.ranks)
    e.ranks.push_back({r.rank, r.generation, r.state != "exited"});
  log_info(
      fmt::format("agent of {} connected (pid {}, {} ranks)", hello.node, hello.pid, hello.ranks.size()));
  if (!shutdown_id_.empty()) {
    hub_->send(hello.node, wire::Shutdown{shutdown_id_, term_.number});
    return;
  }
  launcher_->start(hello.node);  // it lives: from now on its end is watched
  engine_worker_->post([this, node = hello.node, first = hello.first_spool_seq] {
    int64_t& seen = seen_seq_[node];
    if (first <= seen + 1) return;
    // Acknowledged to a daemon whose records are gone: nobody has these entries any more.
    log_error(fmt::format("{}: spool entries {} to {} were acknowledged to a daemon whose history is lost",
                          node, seen + 1, first - 1));
    seen = first - 1;
  });
  engine_event(e);
}

void Supervisor::on_spool(const std::string& node, wire::SpoolBatch batch) {
  engine_worker_->post([this, node, batch = std::move(batch)] {
    process_spool(node, batch);
    publish_state();
  });
}

// The engine hears of every entry before the history commits it and the agent may forget it: a daemon
// that dies in between is told again, and what was decided upon is no news.
void Supervisor::process_spool(const std::string& node, const wire::SpoolBatch& batch) {
  Measurements m{node, seen_seq_[node], {}};
  std::vector<std::pair<Event, int64_t>> facts;
  for (const wire::SpoolEntry& entry : batch.entries) {
    if (entry.seq <= m.seq) continue;  // sent again after a reconnection
    if (entry.seq != m.seq + 1) {  // frames come in order: what is between cannot be read by its agent either
      log_error(fmt::format("{}: spool entries {} to {} are lost", node, m.seq + 1, entry.seq - 1));
    }
    m.seq = entry.seq;
    Report report = read_report(node, entry, engine_->monitor().highest_step());
    for (const std::string& remark : report.remarks)
      log_warning(fmt::format("{}: entry {}: {}", node, entry.seq, remark));
    if (!report.phase.empty()) engine_->observe_phase(report.generation, report.phase);
    if (report.step) {
      engine_->observe_step(report.generation, report.step->step);
      count_step(report.generation, *report.step);
      m.steps.push_back(std::move(*report.step));
    }
    if (!report.fact) continue;
    if (auto* exit = std::get_if<RankExited>(&*report.fact)) exit->at_step = engine_->monitor().step();
    facts.emplace_back(std::move(*report.fact), entry.seq);
  }
  // The steps first, not yet acknowledged: a fact may end the run, and its digest counts them.
  if (!m.steps.empty()) recorder_->post(Measurements{node, seen_seq_[node], std::exchange(m.steps, {})});
  for (const auto& [fact, seq] : facts) engine_->handle(fact, {node, seq});
  seen_seq_[node] = m.seq;
  held_.push_back(std::move(m));
  if (!engine_->journal_trouble().empty()) return;  // not acknowledged until the journal has its events
  for (Measurements& ready : held_) recorder_->post(std::move(ready));
  held_.clear();
}

// Every rank tells of each step; it counts once a launch, so what is run again counts again.
void Supervisor::count_step(const Generation& generation, const telemetry::StepRecord& step) {
  const std::pair<Generation, int64_t> computed{generation, step.step};
  if (computed <= computed_) return;
  computed_ = computed;
  metrics_.processed(config_.batch.global * config_.model.sequence_length);
  to_io([this, at_ms = step.wall_ms] { view_.set_last_step_ms(at_ms); });
}

void Supervisor::publish_state() {
  const RunState& state = engine_->state();
  publish_digest(state.status == RunStatus::kCompleted);
  metrics_.state(to_text(state.status));
  std::map<NodeStatus, int64_t> nodes;
  for (const auto& [name, node] : state.nodes) ++nodes[node.status];
  for (const NodeStatus status :
       {NodeStatus::kUnknown, NodeStatus::kHealthy, NodeStatus::kSuspect, NodeStatus::kDraining,
        NodeStatus::kDown, NodeStatus::kExcluded, NodeStatus::kSpare}) {
    metrics_.nodes(to_text(status), nodes[status]);  // 0 too: a gauge that is not set keeps its value
  }
  auto copy = std::make_shared<const RunState>(state);
  to_io([this, copy = std::move(copy)] {
    state_ = copy;
    view_.set_state(copy);
  });
}

void Supervisor::bring_metrics_up_to_date() {
  if (const auto goodput = view_.goodput(clock_.wall_ms())) metrics_.goodput(*goodput);
  metrics_.live_resets(publisher_->viewer_resets() - counted_resets_);
  counted_resets_ = publisher_->viewer_resets();
}

// The curve's digest is shown once the curve is whole; a target that is raised makes it unknown again.
void Supervisor::publish_digest(bool complete) {
  if (complete == std::exchange(digest_shown_, complete)) return;
  const auto show = [this](const std::string& digest) {
    to_io([this, digest] { view_.set_loss_digest(digest); });
  };
  if (!complete) return show("");
  recorder_->digest(engine_->state().step, show);
}

AgentHub::SpoolState Supervisor::spool_state(const std::string& node) const {
  AgentHub::SpoolState known;
  if (const auto mark = committed_seq_.find(node); mark != committed_seq_.end())
    known.acknowledged_seq = known.used_seq = mark->second;
  if (const auto decided = state_->nodes.find(node); decided != state_->nodes.end())
    known.used_seq = std::max(known.used_seq, decided->second.spool_seq);
  return known;
}

void Supervisor::tick() {
  const int64_t now_ms = clock_.steady_ms();
  hub_->set_time(now_ms);
  const bool stood_still =
      now_ms - last_tick_ms_ > 1'000;  // this process was: what came meanwhile waits unread
  last_tick_ms_ = now_ms;
  if (stood_still) hub_->forgive();
  hub_->drop_strangers(now_ms, stood_still ? std::numeric_limits<int64_t>::max() : kHelloTimeoutMs);
  for (const auto& [node, silence] : hub_->silent(now_ms, 2 * config_.recovery.agent_silence_ms)) {
    hub_->drop(node);
    engine_event(NodeSilent{node, silence});
  }
  engine_worker_->post([this] {
    const RunStatus before = engine_->state().status;
    engine_->tick();
    if (engine_->journal_trouble().empty()) {
      for (Measurements& ready : held_) recorder_->post(std::move(ready));
      held_.clear();
    }
    if (engine_->state().status != before) publish_state();
  });
}

// Whoever claims a higher term has taken over: what is decided here would be refused everywhere.
void Supervisor::watch_term() {
  store_worker_->post([this] {
    const auto ours = holds_term(config_.paths.store, term_);
    if (!ours || *ours) return;  // a store that cannot be read says nothing
    log_error(fmt::format("another daemon has taken over (term {} is not the newest)", term_.number));
    to_io([this] { leave(2); });
  });
}

void Supervisor::run_command(const OperatorCommand& command, bool dry_run, std::function<void(Reply)> done) {
  engine_worker_->post([this, command, dry_run, done = std::move(done)] {
    const Reply reply = engine_->command(command, dry_run);
    publish_state();
    done(reply);
  });
}

std::optional<NodeRow> Supervisor::node_row(const std::string& node) const {
  const AgentHub::Peer* peer = hub_ ? hub_->peer(node) : nullptr;
  if (peer == nullptr) return std::nullopt;
  NodeRow row{peer->pid, clock_.steady_ms() - peer->last_heard_ms, {}};
  for (const wire::RankStatus& r : peer->ranks) row.ranks.push_back({r.rank, r.pid, r.state, r.step});
  return row;
}

// run_daemon ends the process without this, so that a hung store does not hold the exit.
Supervisor::~Supervisor() {
  timers_.reset();
  // They post to each other, so none may be gone before all have stopped; the engine first, because what it
  // decides others carry out.
  if (engine_worker_) engine_worker_->stop();
  if (store_worker_) store_worker_->stop();
  if (verify_worker_) verify_worker_->stop();
  recorder_.reset();
}

}  // namespace longhaul::daemon
