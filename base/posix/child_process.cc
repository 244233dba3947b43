#include "base/posix/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix/error.h"

namespace longhaul {
namespace {

// What failed between fork and exec, sent through a pipe that a successful exec closes.
struct ChildFailure {
  int error_number;
  char step[24];
};

// All that the child needs, made before fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  std::string path;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int stdio[3];
  pid_t parent;
};

[[noreturn]] void fail(int pipe_fd, const char* step) {
  ChildFailure failure{errno, {}};
  ::strncpy(failure.step, step, sizeof failure.step - 1);
  const ssize_t ignored = ::write(pipe_fd, &failure, sizeof failure);
  static_cast<void>(ignored);
  ::_exit(127);
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const ChildSpec& spec, const Prepared& p, int pipe_fd) {
  if (spec.own_session && ::setsid() < 0) fail(pipe_fd, "setsid");
  if (spec.death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, spec.death_signal) != 0) fail(pipe_fd, "prctl");
    // The parent may have died before prctl: then nobody would ever send the signal.
    if (::getppid() != p.parent) ::_exit(127);
  }
  reset_signals();
  if (!spec.working_directory.empty() && ::chdir(spec.working_directory.c_str()) != 0) fail(pipe_fd, "chdir");
  // First out of the way of 0..2, so that no dup2 overwrites a source still needed.
  int sources[3];
  for (int i = 0; i < 3; ++i) {
    sources[i] = ::fcntl(p.stdio[i], F_DUPFD_CLOEXEC, 3);
    if (sources[i] < 0) fail(pipe_fd, "dup");
  }
  for (int i = 0; i < 3; ++i)
    if (::dup2(sources[i], i) < 0) fail(pipe_fd, "dup2");
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail(pipe_fd, "close_range");
  for (const int fd : spec.inherited_fds)
    if (::fcntl(fd, F_SETFD, 0) != 0) fail(pipe_fd, "inherit");
  ::execve(p.path.c_str(), p.argv.data(), p.environment.data());
  fail(pipe_fd, "exec");
}

std::string path_variable(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment)
    if (entry.rfind("PATH=", 0) == 0) return entry.substr(5);
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<std::string> find_executable(const std::string& name, const std::vector<std::string>& environment) {
  if (name.empty()) return Error{ErrorCode::kNotFound, "no program given"};
  if (name.find('/') != std::string::npos) return name;
  const std::string path = path_variable(environment);
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const std::string candidate = path.substr(begin, end - begin) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return Error{ErrorCode::kNotFound, fmt::format("{}: not found in PATH ({})", name, path)};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

ExitStatus from_wait_status(int status) {
  if (WIFSIGNALED(status)) return ExitStatus{-1, WTERMSIG(status)};
  return ExitStatus{WEXITSTATUS(status), 0};
}

}  // namespace

Result<Child> spawn_child(const ChildSpec& spec) {
  if (spec.argv.empty()) return invalid("spawn: no program given");
  LH_ASSIGN(std::string path, find_executable(spec.argv[0], spec.environment));
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return errno_error("open /dev/null");
  const auto or_null = [&](int fd) { return fd >= 0 ? fd : null.get(); };
  const Prepared prepared{std::move(path),
                          pointers(spec.argv),
                          pointers(spec.environment),
                          {or_null(spec.stdin_fd), or_null(spec.stdout_fd), or_null(spec.stderr_fd)},
                          ::getpid()};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd reader(ends[0]), writer(ends[1]);
  // 0..2 are overwritten in the child: the pipe must not be one of them (a parent may run with them closed).
  if (writer.get() < 3) writer.reset(::fcntl(writer.get(), F_DUPFD_CLOEXEC, 3));

  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("fork");
  if (pid == 0) run_child(spec, prepared, writer.get());
  writer.reset();

  ChildFailure failure{};
  ssize_t n = 0;
  do {
    n = ::read(reader.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(sizeof failure)) {
    static_cast<void>(wait_child(pid));
    return errno_error(fmt::format("{} {}", failure.step, prepared.path), failure.error_number);
  }
  // The child is not reaped before wait_child: its pid cannot have been given to another process.
  Child child{pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  if (!child.pidfd) {
    const Error error = errno_error("pidfd_open");
    ::kill(pid, SIGKILL);
    static_cast<void>(wait_child(pid));
    return error;
  }
  ::fcntl(child.pidfd.get(), F_SETFD, FD_CLOEXEC);
  return child;
}

Result<ExitStatus> wait_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno_error(fmt::format("waitpid {}", pid));
  return from_wait_status(status);
}

Result<std::optional<ExitStatus>> try_wait_child(pid_t pid) {
  int status = 0;
  pid_t got = 0;
  do {
    got = ::waitpid(pid, &status, WNOHANG);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno_error(fmt::format("waitpid {}", pid));
  if (got == 0) return std::optional<ExitStatus>();
  return std::optional<ExitStatus>(from_wait_status(status));
}

std::vector<std::string> current_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

}  // namespace longhaul
