// longhauld as one object: the engine on its own thread, sockets on the io_context's, disks on workers,
// and what passes between them. start.h makes one; main.cc runs it.
//
//   io thread      agents, HTTP, launcher, timers, the public view
//   engine thread  decisions and the journal
//   history thread measurements and events
//   store thread   the shared disk: it may hang for minutes, and nobody waits for it
//   verify thread  reading checkpoints back, which takes as long as they are large
//
// Thread-safety: construct, run and destroy on the io thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/posix/system_clock.h"
#include "config/run_config.h"
#include "daemon/api/operator_api.h"
#include "daemon/api/run_view.h"
#include "daemon/core/policy.h"
#include "daemon/engine/engine.h"
#include "daemon/launch/launcher.h"
#include "daemon/runtime/channel/channel.h"
#include "daemon/runtime/hub/agent_hub.h"
#include "daemon/runtime/journal/sqlite_journal.h"
#include "daemon/runtime/recorder/recorder.h"
#include "daemon/runtime/term/term.h"
#include "daemon/runtime/worker/worker.h"
#include "daemon/supervisor/catalog.h"
#include "telemetry/http/server.h"
#include "telemetry/live/ring.h"
#include "telemetry/metrics/metrics.h"
#include "telemetry/publish/publisher.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

struct SupervisorOptions {
  std::string run_directory;
  std::string program_folder;  // where longhaul-agent is
  bool exit_when_done = false;
  bool fresh = false;  // started by a person, not by a keeper after a death
};

class Supervisor final : public Actuator {
 public:
  // Everything is checked and opened before anything is changed for good; the term is claimed last.
  // kInvalid, kConflict, kIo: exit code 2.
  static Result<std::unique_ptr<Supervisor>> start(boost::asio::io_context& io,
                                                   const config::RunConfig& config,
                                                   const SupervisorOptions& options);
  ~Supervisor() override;

  int exit_code() const { return exit_code_; }
  bool is_leaving() const { return leaving_; }  // by its own decision

  // Actuator; on the engine thread.
  void act(const Action& action, const ActionId& id) override;

 private:
  Supervisor(boost::asio::io_context& io, const config::RunConfig& config, const SupervisorOptions& options);

  // start.cc
  size_t public_connections() const;
  Result<> open_listeners();
  Result<> open_records();
  Result<> take_over();
  Result<> tell_again();
  AgentHub::Callbacks hub_callbacks();
  Recorder::Callbacks recorder_callbacks();

  // supervisor.cc: what comes in
  AgentHub::SpoolState spool_state(const std::string& node) const;
  void on_hello(const wire::Hello& hello);
  void on_spool(const std::string& node, wire::SpoolBatch batch);
  void process_spool(const std::string& node, const wire::SpoolBatch& batch);        // engine thread
  void engine_event(const Event& event);                                             // any thread
  void count_step(const Generation& generation, const telemetry::StepRecord& step);  // engine thread
  void publish_state();                                                              // engine thread
  void publish_digest(bool complete);                                                // engine thread
  void bring_metrics_up_to_date();  // io thread: those that change with the clock
  void tick();
  void watch_term();
  void run_command(const OperatorCommand& command, bool dry_run, std::function<void(Reply)> done);

  // act.cc: what goes out
  void act_on(const StartAgent& a, const ActionId& id);
  void act_on(const FenceNode& a, const ActionId& id);
  void act_on(const AskAgain& a, const ActionId& id);
  void act_on(const FindRestore& a, const ActionId& id);
  void act_on(const LaunchRanks& a, const ActionId& id);
  void act_on(const StopAllRanks& a, const ActionId& id);
  void act_on(const TellAllRanks& a, const ActionId& id);
  void act_on(const DistrustCheckpoint& a, const ActionId& id);
  void act_on(const ApplyRetention& a, const ActionId& id);
  void act_on(const ShutdownAgents& a, const ActionId& id);
  void act_on(const ExitDaemon& a, const ActionId& id);
  void act_on(const Announce& a, const ActionId& id);
  void send_launch(const LaunchRanks& a, const ActionId& id);  // io thread
  void write_result(int exit_code);                            // engine thread
  void leave(int exit_code);                                   // io thread
  // keep.cc, store thread: verify, then delete
  struct Keeping;
  void keep_checkpoints(int64_t branch, const std::string& generation);
  void verify_next();
  void verified(const std::string& path, const Result<>& outcome);
  void finish_keeping();
  void refresh_checkpoints();
  std::optional<NodeRow> node_row(const std::string& node) const;
  void to_io(std::function<void()> task);

  boost::asio::io_context& io_;
  const config::RunConfig config_;
  const SupervisorOptions options_;
  SystemClock clock_;
  Policy policy_;
  Term term_;
  std::string run_uuid_;
  std::string announcements_;  // their name in the history's marks
  std::string key_;
  std::string agents_address_;
  std::atomic<int> exit_code_{0};
  std::atomic<bool> leaving_{false};

  telemetry::Metrics metrics_;
  DaemonRunView view_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<telemetry::HistoryReader> reader_;
  std::vector<telemetry::publish::Asset> assets_;
  std::unique_ptr<telemetry::live::Ring> ring_;
  std::unique_ptr<telemetry::publish::Publisher> publisher_;
  std::unique_ptr<OperatorApi> operator_api_;
  std::unique_ptr<telemetry::http::Observer> observer_;
  std::unique_ptr<telemetry::http::HttpServer> public_server_;
  std::unique_ptr<telemetry::http::HttpServer> metrics_server_;
  std::unique_ptr<telemetry::http::HttpServer> operator_server_;
  std::unique_ptr<ChannelListener> agent_listener_;
  std::unique_ptr<AgentHub> hub_;
  std::unique_ptr<Launcher> launcher_;
  Generation stopped_up_to_;                      // io thread
  std::string shutdown_id_;                       // io thread; empty: agents stay
  int64_t last_tick_ms_ = 0;                      // io thread
  std::map<std::string, int64_t> committed_seq_;  // io thread
  std::shared_ptr<const RunState> state_;         // io thread; the newest published
  std::map<std::string, int64_t> seen_seq_;       // engine thread
  std::pair<Generation, int64_t> computed_;       // engine thread; the newest step told of
  int64_t counted_resets_ = 0;                    // io thread

  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<Engine> engine_;  // engine thread, once it runs
  bool digest_shown_ = false;       // engine thread
  std::vector<Measurements> held_;  // engine thread: until the journal can be written again

  struct Timers;
  std::unique_ptr<Timers> timers_;
  Catalog catalog_;                   // store thread, except read_back()
  std::shared_ptr<Keeping> keeping_;  // store thread; none: nothing is being verified
  std::shared_ptr<Keeping> waiting_;  // store thread; asked for meanwhile
  std::unique_ptr<Worker> store_worker_;
  std::unique_ptr<Worker> verify_worker_;
  std::unique_ptr<Worker> engine_worker_;
};

}  // namespace longhaul::daemon
