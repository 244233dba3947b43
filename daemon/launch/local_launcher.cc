#include "daemon/launch/local_launcher.h"

#include <charconv>
#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/child_process.h"
#include "base/posix/file.h"
#include "base/posix/unique_fd.h"

namespace longhaul::daemon {

namespace asio = boost::asio;

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);

}  // namespace

// The end of one agent, seen through its pidfd.
struct LocalLauncher::Watch {
  Watch(asio::io_context& io, int agent_pid, int pidfd) : pid(agent_pid), descriptor(io, pidfd) {}
  // Through the pidfd: the number alone may be another process's by now.
  void signal(int number) {
    (void)::syscall(SYS_pidfd_send_signal, descriptor.native_handle(), number, nullptr, 0);
  }
  int pid;
  asio::posix::stream_descriptor descriptor;
};

LocalLauncher::LocalLauncher(asio::io_context& io, LocalLauncherOptions options,
                             std::function<void(const std::string&)> died)
    : io_(io), options_(std::move(options)), died_(std::move(died)), life_(std::make_shared<int>(0)) {}

LocalLauncher::~LocalLauncher() = default;

int LocalLauncher::holder(const std::string& node) const {
  const std::string path = fmt::format("{}/{}/agent.lock", options_.node_root, node);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return 0;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return 0;  // released again with fd
  const auto text = read_file(path);
  int pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid > 0 ? pid : -1;  // -1: held, but it has not written its pid yet
}

void LocalLauncher::start(const std::string& node) {
  if (watched_.contains(node)) return;
  if (const int pid = holder(node); pid != 0) {
    if (pid > 0) watch(node, pid);
    return;
  }
  const std::string logs = fmt::format("{}/{}/logs", options_.node_root, node);
  if (const auto made = make_directories(logs); !made)
    return log_error("start agent: " + made.error().message);
  const std::string output = logs + "/agent.out";
  UniqueFd log(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  ChildSpec spec;
  spec.argv = {options_.agent_program, "--node", node, "--run-dir", options_.run_directory};
  spec.environment = current_environment();
  spec.environment.push_back("LONGHAUL_CLUSTER_KEY_FILE=" + options_.key_file);
  spec.stdout_fd = spec.stderr_fd = log.get();
  spec.own_session = true;
  auto child = spawn_child(spec);
  if (!child) return log_error(fmt::format("start agent of {}: {}", node, child.error().message));
  log_info(fmt::format("started the agent of {} (pid {})", node, child->pid));
  watch(node, child->pid);
}

void LocalLauncher::watch(const std::string& node, int pid) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  // No such process, and yet the lock is held: a new agent has it and its predecessor's pid is still in the
  // file, or what the dead one left holds it a moment longer.
  if (pidfd < 0) return look_again(node);
  auto watch = std::make_shared<Watch>(io_, pid, pidfd);
  watched_[node] = watch;
  told_.erase(node);
  watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this, life = std::weak_ptr(life_), node, watch](auto ec) {
                                 if (life.expired() || ec) return;
                                 ended(node, watch->pid);
                               });
}

void LocalLauncher::ended(const std::string& node, int pid) {
  (void)try_wait_child(pid);  // reaped when it is our child; else it is init's
  watched_.erase(node);
  // One that found the lock taken leaves at once: then the node's agent is the other one.
  if (const int other = holder(node); other > 0 && other != pid) return watch(node, other);
  tell_died(node);
}

void LocalLauncher::look_again(const std::string& node) {
  if (!looking_.insert(node).second) return;
  auto timer = std::make_shared<asio::steady_timer>(io_, kLookAgain);
  timer->async_wait([this, life = std::weak_ptr(life_), node, timer](auto ec) {
    if (life.expired() || ec) return;
    looking_.erase(node);
    check(node);
  });
}

void LocalLauncher::tell_died(const std::string& node) {
  told_.insert(node);
  log_warning("the agent of " + node + " is gone");
  died_(node);
}

void LocalLauncher::fence(const std::string& node) {
  if (!watched_.contains(node)) {
    const int pid = holder(node);
    if (pid == 0) return tell_died(node);
    if (pid > 0) watch(node, pid);
  }
  const auto watched = watched_.find(node);
  if (watched == watched_.end()) return;  // starting just now; the core asks again
  log_warning(fmt::format("killing the agent of {} (pid {})", node, watched->second->pid));
  watched->second->signal(SIGKILL);
}

void LocalLauncher::ask_to_end(const std::string& node) {
  if (const auto watched = watched_.find(node); watched != watched_.end()) watched->second->signal(SIGTERM);
}

void LocalLauncher::check(const std::string& node) {
  if (watched_.contains(node)) return;
  const int pid = holder(node);
  if (pid > 0) return watch(node, pid);  // a dying process closes its sockets first and its lock later
  if (pid < 0) return look_again(node);
  if (!told_.contains(node)) tell_died(node);
}

}  // namespace longhaul::daemon
