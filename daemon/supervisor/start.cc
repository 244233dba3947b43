// Opening a supervisor: everything that can be wrong is found before a term is claimed.
#include <algorithm>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/crypto/random.h"
#include "base/posix/descriptor_limit.h"
#include "base/posix/file.h"
#include "config/check.h"
#include "config/identity.h"
#include "daemon/launch/local_launcher.h"
#include "daemon/runtime/journal/sqlite_journal.h"
#include "daemon/supervisor/http_metrics.h"
#include "daemon/supervisor/supervisor.h"
#include "daemon/supervisor/timers.h"
#include "telemetry/history/reader.h"
#include "trainer/shape/cost.h"
#include "web/bundle/bundle.h"

namespace longhaul::daemon {
namespace {

Policy policy_of(const config::RunConfig& c, bool exit_when_done) {
  Policy p;
  for (int i = 0; i < c.cluster.nodes + c.cluster.spares; ++i) p.nodes.push_back(fmt::format("node-{}", i));
  p.nodes_needed = c.cluster.nodes;
  p.ranks_per_node = c.cluster.ranks_per_node;
  p.target_steps = c.run.target_steps;
  p.exact_trainer = c.trainer.kind == "longhaul";
  p.exit_when_done = exit_when_done;
  p.restart_budget = c.recovery.restart_budget;
  p.backoff_ms = c.recovery.backoff_ms;
  p.backoff_max_ms = c.recovery.backoff_max_ms;
  p.start_timeout_ms = c.recovery.start_timeout_ms;
  p.stop_grace_ms = c.recovery.stop_grace_ms;
  p.step_timeout_floor_ms = c.recovery.step_timeout_floor_ms;
  return p;
}

// A folder where files can be made, or an error that names it.
Result<> prepare_folder(const std::string& path, const char* name) {
  Result<> made = make_directories(path);
  if (made) {
    const std::string probe = fmt::format("{}/.probe-{}", path, getpid());
    made = write_file_durably(probe, "x");
    ::unlink(probe.c_str());
  }
  if (!made)
    return std::move(made.error()).with_context(fmt::format("paths.{} '{}' cannot be written", name, path));
  return {};
}

Result<std::string> cluster_key(const std::string& path) {
  if (!path_exists(path)) LH_TRY(write_file_durably(path, random_hex(32) + "\n", 0600));
  return read_file(path);
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& io, const config::RunConfig& config,
                       const SupervisorOptions& options)
    : io_(io),
      config_(config),
      options_(options),
      policy_(policy_of(config, options.exit_when_done)),
      metrics_(config.run.name, "0.1.0"),
      view_(config_, clock_, trainer::parameter_count(config.model),
            [this](const std::string& node) { return node_row(node); }),
      timers_(std::make_unique<Timers>(io)),
      catalog_(config.paths.store) {}

Result<std::unique_ptr<Supervisor>> Supervisor::start(boost::asio::io_context& io,
                                                      const config::RunConfig& config,
                                                      const SupervisorOptions& options) {
  if (config.trainer.kind == "longhaul") LH_TRY(config::check_files(config));
  LH_TRY(prepare_folder(config.paths.state, "state"));
  LH_TRY(prepare_folder(config.paths.store, "store"));
  LH_TRY(prepare_folder(config.paths.node, "node"));
  std::unique_ptr<Supervisor> s(new Supervisor(io, config, options));
  LH_ASSIGN(s->run_uuid_, check_identity(config.paths.store, config));
  LH_TRY(s->open_records());
  LH_TRY(s->open_listeners());
  LH_TRY(s->take_over());
  return s;
}

Result<> Supervisor::open_records() {
  const std::string history = config_.paths.state + "/history.db";
  LH_ASSIGN(key_, cluster_key(config_.paths.state + "/cluster.key"));
  LH_ASSIGN(journal_, SqliteJournal::open(config_.paths.state + "/journal.db"));
  LH_ASSIGN(const std::string decided_for, journal_->belongs_to(run_uuid_));
  if (decided_for != run_uuid_) {
    return Error{ErrorCode::kConflict,
                 fmt::format("paths.state '{}' belongs to run {}, and paths.store '{}' to run {}: put the "
                             "store of that run back, or use another run directory",
                             config_.paths.state, decided_for, config_.paths.store, run_uuid_)};
  }
  announcements_ = "journal " + journal_->uuid();
  LH_ASSIGN(recorder_, Recorder::start(history, clock_, metrics_, recorder_callbacks()));
  LH_ASSIGN(auto reader, telemetry::HistoryReader::open(history));
  reader_ = std::make_unique<telemetry::HistoryReader>(std::move(reader));
  for (const std::string& node : policy_.nodes)
    seen_seq_[node] = committed_seq_[node] = recorder_->mark(node);
  const auto& outbox = recorder_->outbox();
  ring_ = std::make_unique<telemetry::live::Ring>(recorder_->live_epoch(),
                                                  outbox.empty() ? 0 : outbox.front().seq - 1);
  for (const auto& delta : outbox) ring_->push(delta.seq, delta.body);
  if (recorder_->last_step() > 0) {
    LH_ASSIGN(const auto step, reader_->step(recorder_->last_step()));
    if (step) view_.set_step(*step);
  }
  return {};
}

// The public may not take the descriptors that the run itself needs: for agents, files and operators.
size_t Supervisor::public_connections() const {
  constexpr int64_t kOwn = 256;  // the other listeners' 96 connections, databases, logs, children
  const int64_t configured = static_cast<int64_t>(telemetry::http::ServerOptions{}.connections);
  const int64_t limit = raise_descriptor_limit();
  const int64_t own = kOwn + static_cast<int64_t>(policy_.nodes.size());
  const int64_t most = std::min(configured, std::max(limit - own, limit / 4));
  if (most < configured) {
    log_warning(
        fmt::format("at most {} public connections: the limit of open files is {} (ulimit -n)", most, limit));
  }
  return static_cast<size_t>(most);
}

Result<> Supervisor::open_listeners() {
  using telemetry::http::HttpServer;
  namespace http = telemetry::http;
  for (const web::Asset& a : web::assets())
    assets_.push_back({a.path, a.content_type, a.raw, a.gz, a.br, a.etag, a.immutable});
  publisher_ = std::make_unique<telemetry::publish::Publisher>(view_, *reader_, *ring_, clock_, assets_);
  observer_ = std::make_unique<HttpMetrics>(metrics_);
  operator_api_ = std::make_unique<OperatorApi>(
      view_, *publisher_, [this](const OperatorCommand& c, bool dry_run, std::function<void(Reply)> done) {
        run_command(c, dry_run, std::move(done));
      });
  public_server_ = std::make_unique<HttpServer>(
      io_, http::ServerOptions{.connections = public_connections()},
      [this](const http::Request& r, http::Reply reply) { publisher_->handle(r, reply); }, publisher_.get(),
      observer_.get());
  if (auto open = public_server_->listen(config_.telemetry.listen); !open)
    return std::move(open.error()).with_context("telemetry.listen");
  metrics_server_ = std::make_unique<HttpServer>(
      io_, http::ServerOptions{.connections = 32}, [this](const http::Request& r, const http::Reply& reply) {
        if (r.path != "/metrics") return reply(http::problem(404, "Not found", "only /metrics is here"));
        bring_metrics_up_to_date();
        http::Response response{.headers = {{"Content-Type", telemetry::Metrics::kContentType}},
                                .body = metrics_.text(),
                                .route = "/metrics"};
        reply(std::move(response));
      });
  if (auto open = metrics_server_->listen(config_.telemetry.metrics_listen); !open) {
    return std::move(open.error()).with_context("telemetry.metrics_listen");
  }
  operator_server_ = std::make_unique<HttpServer>(
      io_, http::ServerOptions{.allow_post = true, .body_limit_bytes = 64 * 1024, .connections = 64},
      [this](const http::Request& r, http::Reply reply) { operator_api_->handle(r, std::move(reply)); },
      publisher_.get());
  LH_TRY(operator_server_->listen("unix:" + config_.paths.state + "/operator.sock"));
  LH_ASSIGN(agent_listener_,
            ChannelListener::listen(io_, "127.0.0.1:0", key_,
                                    [this](std::shared_ptr<Channel> c) { hub_->accept(std::move(c)); }));
  agents_address_ = agent_listener_->address();
  return {};
}

Result<> Supervisor::take_over() {
  LH_ASSIGN(term_, claim_term(config_.paths.store));
  engine_ = std::make_unique<Engine>(policy_, clock_, *journal_, *this);
  LH_TRY(engine_->load());
  state_ = std::make_shared<const RunState>(engine_->state());
  LH_TRY(tell_again());
  hub_ = std::make_unique<AgentHub>(AgentHub::Greeting{config_.run.name, config::identity(config_),
                                                       policy_.nodes, term_.number, term_.uuid, run_uuid_},
                                    hub_callbacks());
  hub_->set_time(clock_.steady_ms());
  launcher_ = std::make_unique<LocalLauncher>(
      io_,
      LocalLauncherOptions{options_.program_folder + "/longhaul-agent", options_.run_directory,
                           config_.paths.node, config_.paths.state + "/cluster.key"},
      [this](const std::string& node) { engine_event(AgentDied{node}); });
  store_worker_ = std::make_unique<Worker>("store");
  verify_worker_ = std::make_unique<Worker>("verify");
  engine_worker_ = std::make_unique<Worker>("engine");
  LH_TRY(publish_address(config_.paths.store, term_, agents_address_));
  LH_TRY(write_file_durably(config_.paths.state + "/agents.addr", agents_address_ + "\n"));
  const json::object addresses{{"public", fmt::format("127.0.0.1:{}", public_server_->port())},
                               {"metrics", fmt::format("127.0.0.1:{}", metrics_server_->port())}};
  LH_TRY(write_file_durably(config_.paths.state + "/listeners.json", json::to_text(addresses) + "\n"));
  log_info(fmt::format("term {}: page on port {}, metrics on port {}, agents at {}", term_.number,
                       public_server_->port(), metrics_server_->port(), agents_address_));
  metrics_.target_tokens(config_.run.target_steps * config_.batch.global * config_.model.sequence_length);
  store_worker_->post([this] { refresh_checkpoints(); });
  engine_event(DaemonStarted{term_.number, recorder_->last_step(), options_.fresh});
  // Recorded, and perhaps not decided upon when the daemon before died; the core knows which it knows.
  if (recorder_->last_mismatch() && policy_.exact_trainer) engine_event(*recorder_->last_mismatch());
  timers_->repeating.push_back(std::make_unique<Repeating>(io_, 50, [this] { tick(); }));
  timers_->repeating.push_back(std::make_unique<Repeating>(io_, 5000, [this] { watch_term(); }));
  return {};
}

// What the daemon before had decided to tell, and died before it was recorded.
Result<> Supervisor::tell_again() {
  LH_ASSIGN(const auto untold, journal_->announcements_after(recorder_->mark(announcements_)));
  for (const auto& a : untold) recorder_->post(a.announce, a.at_ms, announcements_, a.id.position());
  return {};
}

AgentHub::Callbacks Supervisor::hub_callbacks() {
  AgentHub::Callbacks c;
  c.spool_state = [this](const std::string& node) { return spool_state(node); };
  c.connected = [this](const wire::Hello& hello) { on_hello(hello); };
  c.disconnected = [this](const std::string& node) {
    log_warning("lost the connection to the agent of " + node);
    engine_event(AgentDisconnected{node});
    launcher_->check(node);
  };
  c.heartbeat = [](const std::string&, const wire::Heartbeat&) {};
  c.spool = [this](const std::string& node, wire::SpoolBatch batch) { on_spool(node, std::move(batch)); };
  return c;
}

Recorder::Callbacks Supervisor::recorder_callbacks() {
  Recorder::Callbacks c;
  c.committed = [this](const std::string& node, int64_t seq) {
    to_io([this, node, seq] {
      committed_seq_[node] = seq;
      hub_->send(node, wire::SpoolAck{seq});
    });
  };
  c.deltas = [this](std::vector<telemetry::LiveDelta> deltas) {
    to_io([this, deltas = std::move(deltas)] {
      for (const auto& delta : deltas) ring_->push(delta.seq, delta.body);
      public_server_->wake_live();
      operator_server_->wake_live();
    });
  };
  c.newest = [this](const telemetry::StepRecord& step) { to_io([this, step] { view_.set_step(step); }); };
  c.mismatch = [this](const DigestMismatch& m) {
    if (policy_.exact_trainer) engine_event(m);
  };
  return c;
}

}  // namespace longhaul::daemon
