#include "daemon/agent/agent.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/crypto/random.h"
#include "config/identity.h"
#include "daemon/agent/agent_memory.h"
#include "daemon/agent/agent_messages.h"
#include "daemon/agent/core/agent_core.h"
#include "daemon/agent/core/step_gate.h"
#include "daemon/agent/daemon_link.h"
#include "daemon/agent/diary.h"
#include "daemon/agent/earlier_life.h"
#include "daemon/agent/process/old_logs.h"
#include "daemon/agent/process/rendezvous_socket.h"
#include "daemon/agent/rank_host.h"
#include "daemon/agent/rank_server/rank_server.h"
#include "daemon/agent/set_aside.h"

namespace longhaul::daemon {

namespace asio = boost::asio;

namespace {

constexpr int64_t kFlushDelayMs = 5;    // reports that come together go together
constexpr int64_t kLastFlushMs = 2000;  // before leaving
constexpr int64_t kShortestWakeMs = 1;

bool is_gone(const std::string& directory) {
  struct stat info {};
  return ::stat(directory.c_str(), &info) != 0 && errno == ENOENT;
}

// The process whose session a rank's helper belongs to: every rank leads one.
pid_t session_of(pid_t pid) { return ::getsid(pid); }

}  // namespace

struct Agent::Impl {
  Impl(asio::io_context& context, AgentOptions o, const config::RunConfig& c, const AgentPaths& p,
       const Clock& k, DaemonIdentity identity, Spool spool, RankRecords records)
      : io(context),
        options(std::move(o)),
        config(c),
        paths(p),
        clock(k),
        instance(random_uuid()),
        remembered(std::move(identity)),
        core(AgentLimits{c.cluster.orphan_timeout_ms, c.recovery.stop_grace_ms},
             AgentMemory{remembered.term, remembered.uuid, records.newest}, k.steady_ms()),
        host(context,
             RankLauncher(c,
                          RankPlaces{options.trainer, options.run_directory, options.node, p.logs, p.socket}),
             p.rank_records, std::move(records), [this](const RankHost::Exit& exit) { rank_exited(exit); }),
        diary(std::move(spool), k, [this](const RankId& id) { exit_written(id); }),
        link(context, DaemonPlace{p.daemon_document, p.key_file}, k, link_handlers()),
        wake(context),
        flush(context) {}

  asio::io_context& io;
  const AgentOptions options;
  const config::RunConfig& config;
  const AgentPaths paths;
  const Clock& clock;
  const std::string instance;
  DaemonIdentity remembered;  // what agent.json holds
  AgentCore core;
  StepGate gate;
  RankHost host;
  Diary diary;
  DaemonLink link;
  std::unique_ptr<RankServer> server;
  asio::steady_timer wake;   // next heartbeat or deadline
  asio::steady_timer flush;  // next spool batch
  bool flush_planned = false;
  int64_t heartbeat_at_ms = 0;
  std::optional<int64_t> leave_at_ms;  // set: nothing runs, only the spool is being told
  std::map<RankId, std::string> last_stderr;

  // --- what the core decided -------------------------------------------------------------------

  void execute(AgentActions actions) {
    std::deque<AgentAction> todo(std::make_move_iterator(actions.begin()),
                                 std::make_move_iterator(actions.end()));
    while (!todo.empty()) {
      const AgentAction action = std::move(todo.front());
      todo.pop_front();
      AgentActions more = std::visit([this](const auto& a) { return carry_out(a); }, action);
      std::move(more.begin(), more.end(), std::back_inserter(todo));
    }
    plan_wake();
  }

  AgentActions carry_out(const RememberDaemon&) { return {}; }  // on_welcome has saved it already
  AgentActions carry_out(const StartRanks& action) {
    std::vector<int> numbers;
    for (const RankPlace& place : action.launch.ranks) numbers.push_back(place.rank);
    gate.start(numbers);
    AgentActions more;
    for (const StartAnswer& answer : host.start(action.launch)) {
      if (answer.pid != 0) {
        core.rank_started(answer.id, answer.pid);
        continue;
      }
      tell_steps(answer.id, gate.rank_gone(answer.id.rank));
      AgentActions failed = core.rank_failed(answer.id, answer.failure);
      std::move(failed.begin(), failed.end(), std::back_inserter(more));
    }
    if (const auto removed = remove_old_logs(paths.logs, kLaunchesWithLogs); !removed)
      log_warning(removed.error().message);
    heartbeat_at_ms = clock.steady_ms();
    return more;
  }
  AgentActions carry_out(const TerminateRank& action) {
    log_info(fmt::format("asking rank {} of {} to end", action.id.rank, action.id.generation.text()));
    host.terminate(action.id);
    return {};
  }
  AgentActions carry_out(const KillRank& action) {
    log_info(fmt::format("killing rank {} of {}", action.id.rank, action.id.generation.text()));
    host.kill(action.id);
    return {};
  }
  AgentActions carry_out(const TellRank& action) {
    server->tell(action.id, json::to_text(json::object{{"command", action.command}}));
    return {};
  }
  AgentActions carry_out(const RecordExit& action) {
    diary.add(exit_report_text(action, last_stderr[action.id]), action.id);
    last_stderr.erase(action.id);
    plan_flush();
    return {};
  }
  AgentActions carry_out(const Leave&) {
    if (!leave_at_ms) leave_at_ms = clock.steady_ms() + (link.welcomed() ? kLastFlushMs : 0);
    plan_flush();
    return {};
  }

  // --- what ranks do ---------------------------------------------------------------------------

  std::optional<RankId> identify(pid_t pid) const {
    if (const auto id = core.find_pid(pid)) return id;
    return core.find_pid(session_of(pid));
  }

  void rank_spoke(const RankId& id, json::object report) {
    const ReportSubject subject = subject_of(report);
    const bool news = report.size() > 1 || subject.phase.empty() || subject.phase != phase_of(id);
    core.rank_reported(id, subject.phase, subject.step);
    if (!news) return;  // the phase that was known, and nothing else
    report["rank"] = id.rank;
    report["generation"] = id.generation.text();
    std::string text = json::to_text(report);
    if (subject.is_step) {
      tell_steps(id, gate.offer(id.rank, subject.step, std::move(text)));
    } else {
      diary.add(std::move(text));
      plan_flush();
    }
  }

  std::string phase_of(const RankId& id) const {
    for (const RankView& rank : core.ranks())
      if (rank.id == id) return rank.phase;
    return "";
  }

  void tell_steps(const RankId&, std::vector<std::string> reports) {
    for (std::string& report : reports) diary.add(std::move(report));
    if (!reports.empty()) plan_flush();
  }

  void rank_exited(const RankHost::Exit& exit) {
    server->rank_gone(exit.id);  // its last words come before its end
    tell_steps(exit.id, gate.rank_gone(exit.id.rank));
    last_stderr[exit.id] = exit.last_stderr;
    execute(core.rank_exited(exit.id, exit.exit_code, exit.signal));
    send_heartbeat();
  }

  void exit_written(const RankId& id) {
    if (const auto forgotten = host.forget(id); !forgotten) log_error(forgotten.error().message);
  }

  // --- what the daemon says --------------------------------------------------------------------

  DaemonLink::Handlers link_handlers() {
    DaemonLink::Handlers handlers;
    handlers.hello = [this](const std::string& daemon_address) { return make_hello(daemon_address); };
    handlers.on_welcome = [this](const wire::Welcome& welcome) { return why_not_obey(welcome); };
    handlers.on_ready = [this] {
      send_heartbeat();
      plan_flush();
    };
    handlers.on_message = [this](const wire::DaemonMessage& message) {
      std::visit([this](const auto& m) { daemon_said(m); }, message);
    };
    handlers.on_lost = [this] {
      core.daemon_lost(clock.steady_ms());
      plan_wake();
    };
    return handlers;
  }

  Result<wire::Hello> make_hello(const std::string& daemon_address) {
    std::string address = options.address;
    if (address.empty()) {
      LH_ASSIGN(address, local_address_towards(daemon_address));
    }
    LH_ASSIGN(const int port, host.keep_rendezvous(address));
    wire::Hello hello;
    hello.run = config.run.name;
    hello.identity = config::identity(config);
    hello.node = options.node;
    hello.instance = instance;
    hello.pid = ::getpid();
    hello.address = address;
    hello.rendezvous_port = port;
    hello.first_spool_seq = diary.first_seq();
    hello.next_spool_seq = diary.next_seq();
    hello.ranks = statuses();
    return hello;
  }

  // The store was made anew: what this node remembers belongs to another run.
  std::string begin_again(const wire::Welcome& welcome) {
    const std::string other =
        fmt::format("it is a daemon of run {}, and this node is of run {}", welcome.run, remembered.run);
    if (core.any_live()) return other + ", whose ranks live";
    if (const auto done = set_aside(paths, instance); !done) return done.error().message;
    log_warning(other + ": the spool of that run is set aside, the next life of this agent begins anew");
    execute(core.abandon());
    return other + ": it begins again";
  }

  std::optional<std::string> why_not_obey(const wire::Welcome& welcome) {
    if (!remembered.run.empty() && welcome.run != remembered.run) return begin_again(welcome);
    const AgentOutcome outcome = core.meet_daemon(welcome.term, welcome.uuid);
    if (outcome.refusal) return outcome.refusal;
    const DaemonIdentity now{welcome.run, core.memory().term, core.memory().uuid};
    if (now != remembered) {
      if (const auto saved = save_daemon_identity(paths.memory, now); !saved) {
        core.daemon_lost(clock.steady_ms());
        return saved.error().message;
      }
      remembered = now;
    }
    diary.welcome(welcome.acknowledged_seq, welcome.used_seq);
    execute(outcome.actions);
    return std::nullopt;
  }

  void daemon_said(const wire::Welcome&) {}  // the link has dealt with both
  void daemon_said(const wire::Refused&) {}
  void daemon_said(const wire::SpoolAck& ack) {
    diary.acknowledge(ack.seq);
    plan_flush();
  }
  void daemon_said(const wire::Launch& message) { obey(to_command(message)); }
  void daemon_said(const wire::StopRanks& message) { obey(to_command(message)); }
  void daemon_said(const wire::TellRanks& message) { obey(to_command(message)); }
  void daemon_said(const wire::Shutdown& message) { obey(to_command(message)); }

  void obey(const Result<AgentCommand>& command) {
    if (!command) return log_warning("a command makes no sense: " + command.error().message);
    AgentOutcome outcome = core.handle(*command, clock.steady_ms());
    if (outcome.refusal)
      log_warning(fmt::format("refused ({} so far): {}", core.refused(), *outcome.refusal));
    execute(std::move(outcome.actions));
    send_heartbeat();
  }

  // --- time ------------------------------------------------------------------------------------

  std::vector<wire::RankStatus> statuses() const {
    std::vector<wire::RankStatus> list;
    for (const RankView& rank : core.ranks()) list.push_back(to_status(rank));
    return list;
  }

  void send_heartbeat() {
    if (!link.welcomed()) return;
    link.send(wire::AgentMessage(wire::Heartbeat{host.rendezvous_port(), statuses()}));
  }

  void plan_wake() {
    int64_t at_ms = heartbeat_at_ms;
    if (const auto due = core.next_due()) at_ms = std::min(at_ms, *due);
    if (leave_at_ms) at_ms = std::min(at_ms, *leave_at_ms);
    wake.expires_after(std::chrono::milliseconds(std::max(at_ms - clock.steady_ms(), kShortestWakeMs)));
    wake.async_wait([this](const boost::system::error_code& error) {
      if (!error) woken();
    });
  }

  void woken() {
    const int64_t now_ms = clock.steady_ms();
    if (leave_at_ms && now_ms >= *leave_at_ms) return leave();
    if (now_ms >= heartbeat_at_ms) {
      heartbeat_at_ms = now_ms + options.interval_ms;
      diary.retry_writing();
      send_heartbeat();
      plan_flush();
      if (!core.leaving() && is_gone(options.run_directory)) {
        log_error(options.run_directory + " is gone: so is this run");
        execute(core.abandon());
      }
    }
    execute(core.due(clock.steady_ms()));
  }

  void plan_flush() {
    if (flush_planned) return;
    flush_planned = true;
    flush.expires_after(std::chrono::milliseconds(kFlushDelayMs));
    flush.async_wait([this](const boost::system::error_code& error) {
      flush_planned = false;
      if (!error) tell_daemon();
    });
  }

  void tell_daemon() {
    while (link.welcomed()) {
      auto batch = diary.next_batch();
      if (!batch) break;
      link.send(wire::AgentMessage(std::move(*batch)));
    }
    if (leave_at_ms && diary.all_told()) leave();
  }

  void leave() {
    log_info(diary.all_told() ? "leaving" : "leaving; the next life tells the rest");
    link.stop();
    wake.cancel();
    flush.cancel();
    io.stop();
  }
};

Result<std::unique_ptr<Agent>> Agent::create(asio::io_context& io, AgentOptions options,
                                             const config::RunConfig& config, const AgentPaths& paths,
                                             const Clock& clock) {
  auto identity = load_daemon_identity(paths.memory);
  if (!identity) return std::move(identity).error().with_context(paths.memory);
  LH_ASSIGN(Spool spool, Spool::open(paths.spool));
  if (spool.dropped_lines() > 0)
    log_error(fmt::format("{}: {} unreadable lines are left out", paths.spool, spool.dropped_lines()));
  LH_ASSIGN(RankRecords records, end_earlier_life(paths, spool, clock.wall_ms()));
  auto impl = std::make_unique<Impl>(io, std::move(options), config, paths, clock, std::move(*identity),
                                     std::move(spool), std::move(records));
  Impl* raw = impl.get();
  LH_ASSIGN(raw->server,
            RankServer::listen(
                io, paths.socket, [raw](pid_t pid) { return raw->identify(pid); },
                [raw](const RankId& id, json::object report) { raw->rank_spoke(id, std::move(report)); }));
  return std::unique_ptr<Agent>(new Agent(std::move(impl)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;

void Agent::start() {
  impl_->link.start();
  impl_->heartbeat_at_ms = impl_->clock.steady_ms() + impl_->options.interval_ms;
  impl_->plan_wake();
}

void Agent::terminate() {
  const bool again = impl_->core.leaving();
  log_info(again ? "asked to end a second time" : "asked to end");
  impl_->execute(again ? impl_->core.abandon() : impl_->core.terminate(impl_->clock.steady_ms()));
}

}  // namespace longhaul::daemon
