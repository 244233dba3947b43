#include "base/posix/child_process.h"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "tests/support/temporary_folder.h"

namespace longhaul {
namespace {

ChildSpec shell(const std::string& script) {
  ChildSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = current_environment();
  return spec;
}

ExitStatus run(const ChildSpec& spec) {
  auto child = spawn_child(spec);
  EXPECT_TRUE(child) << child.error().message;
  return *wait_child(child->pid);
}

bool gone_within(pid_t pid, int timeout_ms) {
  for (int waited = 0; waited < timeout_ms; waited += 10) {
    const auto info = process_info(pid);
    if (!info || info->state == 'Z') return true;
    ::usleep(10'000);
  }
  return false;
}

TEST(ChildProcessTest, TellsExitCodesAndSignalsApart) {
  const ExitStatus exited = run(shell("exit 75"));
  EXPECT_EQ(exited.exit_code, 75);
  EXPECT_EQ(exited.signal, 0);
  const ExitStatus killed = run(shell("kill -KILL $$"));
  EXPECT_EQ(killed.exit_code, -1);
  EXPECT_EQ(killed.signal, SIGKILL);
}

TEST(ChildProcessTest, ItsDescriptorBecomesReadableWhenTheChildEnds) {
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  UniqueFd waits(gate[0]), opens(gate[1]);
  ChildSpec spec = shell("read line; exit 4");
  spec.stdin_fd = waits.get();
  auto child = spawn_child(spec);
  ASSERT_TRUE(child);
  EXPECT_FALSE(*try_wait_child(child->pid));
  pollfd wanted{child->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&wanted, 1, 0), 0);
  opens.reset();  // end of file: its read is over
  EXPECT_EQ(::poll(&wanted, 1, 10'000), 1);
  const auto status = try_wait_child(child->pid);
  ASSERT_TRUE(status && *status);
  EXPECT_EQ((*status)->exit_code, 4);
}

TEST(ChildProcessTest, AMissingProgramIsAnErrorNotAChild) {
  ChildSpec spec = shell("");
  for (const char* name : {"/nowhere/program", "no-such-program-in-the-path"}) {
    spec.argv = {name};
    const auto child = spawn_child(spec);
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, ErrorCode::kNotFound);
    EXPECT_NE(child.error().message.find(name), std::string::npos);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nothing left to reap
}

TEST(ChildProcessTest, GetsOnlyTheEnvironmentAndDescriptorsItIsGiven) {
  TemporaryFolder directory;
  int leaked[2];
  ASSERT_EQ(::pipe(leaked), 0);  // not close-on-exec: somebody's mistake
  UniqueFd meant(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  UniqueFd out(::creat((directory.path() + "/out").c_str(), 0644));
  ChildSpec spec = shell("ls -l /proc/$$/fd; env");
  spec.environment = {"ONLY=this", "PATH=/usr/bin:/bin"};
  spec.stdout_fd = out.get();
  spec.inherited_fds = {meant.get()};
  EXPECT_EQ(run(spec).exit_code, 0);
  ::close(leaked[0]);
  ::close(leaked[1]);
  const std::string text = "\n" + *read_file(directory.path() + "/out");
  EXPECT_NE(text.find(" 0 -> /dev/null\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" 2 -> /dev/null\n"), std::string::npos);
  EXPECT_NE(text.find(" " + std::to_string(meant.get()) + " -> /dev/zero\n"), std::string::npos);
  EXPECT_EQ(text.find("pipe:"), std::string::npos) << text;
  EXPECT_NE(text.find("\nONLY=this\n"), std::string::npos);
  EXPECT_EQ(text.find("\nHOME="), std::string::npos);
}

TEST(ChildProcessTest, CanSwapStandardOutputAndError) {
  TemporaryFolder directory;
  UniqueFd one(::creat((directory.path() + "/one").c_str(), 0644)),
      two(::creat((directory.path() + "/two").c_str(), 0644));
  ChildSpec spec = shell("echo out; echo err >&2");
  spec.stdout_fd = two.get();
  spec.stderr_fd = one.get();
  run(spec);
  EXPECT_EQ(*read_file(directory.path() + "/two"), "out\n");
  EXPECT_EQ(*read_file(directory.path() + "/one"), "err\n");
}

TEST(ChildProcessTest, LeadsASessionOfItsOwnWhenAsked) {
  ChildSpec spec = shell("sleep 60");
  spec.own_session = true;
  auto child = spawn_child(spec);
  ASSERT_TRUE(child);
  const auto info = process_info(child->pid);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->session, child->pid);
  EXPECT_EQ(info->group, child->pid);
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_GE(signal_session(child->pid, SIGKILL), 1);
  EXPECT_EQ(wait_child(child->pid)->signal, SIGKILL);
}

TEST(ChildProcessTest, StartsWithDefaultSignalsWhateverTheParentIgnores) {
  ::signal(SIGTERM, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &old);
  const ExitStatus status = run(shell("kill -TERM $$; exit 0"));
  ::sigprocmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGTERM, SIG_DFL);
  EXPECT_EQ(status.signal, SIGTERM);
}

TEST(ChildProcessTest, TheDeathSignalComesWhenTheParentIsKilled) {
  TemporaryFolder directory;
  const std::string pid_file = directory.path() + "/pid";
  const pid_t parent = ::fork();
  if (parent == 0) {
    ChildSpec spec = shell("trap '' TERM HUP INT; sleep 60 & wait");
    spec.own_session = true;
    spec.death_signal = SIGKILL;
    auto child = spawn_child(spec);
    if (!child || !write_file_durably(pid_file, std::to_string(child->pid))) ::_exit(1);
    for (;;) ::pause();
  }
  for (int i = 0; i < 500 && !path_exists(pid_file); ++i) ::usleep(10'000);
  const pid_t child = std::stoi(*read_file(pid_file));
  ASSERT_FALSE(gone_within(child, 50));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(gone_within(child, 5000));
  signal_session(child, SIGKILL);  // its sleep
}

}  // namespace
}  // namespace longhaul
