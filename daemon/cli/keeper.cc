#include "daemon/cli/keeper.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "base/crypto/random.h"
#include "base/posix/child_process.h"
#include "base/posix/file.h"
#include "base/posix/system_clock.h"
#include "daemon/cli/connection.h"
#include "daemon/cli/format.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kProgressMs = 5'000;
constexpr int64_t kFirstBackoffMs = 100;
constexpr int64_t kMaxBackoffMs = 10'000;
constexpr int64_t kLivedWellMs = 30'000;
constexpr int64_t kAnswerMs = 1'000;   // a daemon that is slow or stopped must not hold up a signal
constexpr int kExitLeft = 75;          // daemon/supervisor/run_daemon.h
constexpr int64_t kRefusalMs = 5'000;  // a daemon that ends sooner has not taken over

class Keeper {
 public:
  explicit Keeper(const KeeperOptions& options) : options_(options) {
    sigemptyset(&signals_);
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&signals_, s);
  }

  int run() {
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
    if (!start()) return 3;
    for (;;) {
      const int signal = wait_for_signal();
      if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
        if (++asked_ > 1) return force();
        std::printf("stopping: a checkpoint is saved first (again to force)\n");
        std::fflush(stdout);
      }
      if (const auto code = reap()) return finish(*code);
      if (asked_ > 0 && !stop_accepted_) ask_to_stop();
      show_progress();
    }
  }

 private:
  bool start() {
    ChildSpec spec;
    spec.argv = {options_.daemon_program, "--run-dir", options_.run_directory};
    if (options_.exit_when_done) spec.argv.push_back("--exit-when-done");
    if (starts_++ == 0) spec.argv.push_back("--fresh");
    spec.environment = current_environment();
    spec.stderr_fd = STDERR_FILENO;
    spec.own_session = true;  // Ctrl-C is for the keeper alone
    auto child = spawn_child(spec);
    if (!child) {
      std::fprintf(stderr, "longhaul: start %s: %s\n", options_.daemon_program.c_str(),
                   child.error().message.c_str());
      return false;
    }
    daemon_ = child->pid;
    started_ms_ = clock_.steady_ms();
    return true;
  }

  // 0: nothing within half a second.
  int wait_for_signal() {
    const timespec half_a_second{0, 500'000'000};
    siginfo_t info{};
    const int signal = ::sigtimedwait(&signals_, &info, &half_a_second);
    return std::max(signal, 0);
  }

  // The daemon's exit code when it ended by its own decision; starts it again when not.
  std::optional<int> reap() {
    const auto status = try_wait_child(daemon_);
    if (!status || !*status) return std::nullopt;
    const int code = (*status)->exit_code;
    // A refusal is final when a person has just started it. Later it is the disk or the store that failed:
    // the ranks live, and somebody has to come back for them.
    const bool refused_at_restart = code == 2 && starts_ > 1 && clock_.steady_ms() - started_ms_ < kRefusalMs;
    if ((code == 0 || code == 2 || code == 3 || code == 5) && !refused_at_restart) return code;
    std::fflush(stdout);
    if (code == kExitLeft && asked_ > 0) {
      std::fputs("longhaul: the daemon was told to leave; the ranks run on without it\n", stderr);
      return 3;
    }
    std::fprintf(stderr, "longhaul: the daemon %s (%s); starting it again\n",
                 code == kExitLeft ? "was told to leave and the ranks run on" : "died",
                 code < 0 ? fmt::format("signal {}", (*status)->signal).c_str()
                          : fmt::format("exit {}", code).c_str());
    const bool lived_well = clock_.steady_ms() - started_ms_ > kLivedWellMs;
    backoff_ms_ = lived_well || backoff_ms_ == 0 ? kFirstBackoffMs : std::min(backoff_ms_ * 2, kMaxBackoffMs);
    std::this_thread::sleep_for(std::chrono::milliseconds(backoff_ms_));
    stop_accepted_ = false;
    if (!start()) return 3;
    return std::nullopt;
  }

  Result<Connection> connect() const {
    auto c = Connection::open(options_.run_directory);
    if (c) c->set_timeout_ms(kAnswerMs);
    return c;
  }

  void ask_to_stop() {
    const auto c = connect();
    if (!c) return;
    const json::object body{{"reason", "interrupted at the keeper"}};
    stop_accepted_ = c->post("/api/v1/commands/stop", body, stop_key_).has_value();  // else tried again
  }

  void show_progress() {
    if (clock_.steady_ms() - shown_ms_ < kProgressMs) return;
    shown_ms_ = clock_.steady_ms();
    const auto c = connect();
    if (!c) return;
    const auto run = c->get("/api/v1/run");
    if (!run) return;
    std::printf("%s\n", progress_line(*run).c_str());
    std::fflush(stdout);
  }

  // Everything dies now: agents (and with each its ranks), then the daemon.
  int force() {
    std::fprintf(stderr, "longhaul: forced: killing agents, ranks and daemon\n");
    ::kill(daemon_, SIGKILL);
    const auto nodes = list_directory(options_.node_root);
    for (const std::string& node : nodes ? *nodes : std::vector<std::string>{}) {
      const auto text = read_file(fmt::format("{}/{}/agent.pid", options_.node_root, node));
      int pid = 0;
      if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
      if (pid > 1 && is_agent(pid)) ::kill(pid, SIGKILL);
    }
    (void)wait_child(daemon_);
    return 3;
  }

  // A pid file may outlive its process, and the number be somebody else's by now.
  static bool is_agent(int pid) {
    const auto name = read_file(fmt::format("/proc/{}/comm", pid));
    return name && name->starts_with("longhaul-agent");
  }

  int finish(int code) {
    const auto text = read_file(options_.state_folder + "/result.json");
    if (!text) return code;  // it ended before it had begun; it has said why
    const auto result = json::parse_object(*text);
    if (!result || json::int_or(*result, "daemon_pid", 0) != daemon_) return code;  // of an earlier daemon
    const std::string halted = json::string_or(*result, "halt_reason", "");
    if (!halted.empty()) std::fprintf(stderr, "longhaul: halted: %s\n", halted.c_str());
    std::printf("%s\n", summary_line(*result).c_str());
    std::fflush(stdout);
    return code;
  }

  const KeeperOptions& options_;
  const SystemClock clock_;
  const std::string stop_key_ = random_uuid();
  sigset_t signals_{};
  pid_t daemon_ = -1;
  int64_t started_ms_ = 0;
  int64_t shown_ms_ = 0;
  int64_t backoff_ms_ = 0;
  int starts_ = 0;
  int asked_ = 0;
  bool stop_accepted_ = false;
};

}  // namespace

int keep_daemon(const KeeperOptions& options) { return Keeper(options).run(); }

}  // namespace longhaul::daemon
