#include "daemon/cli/keeper.h"

#include <chrono>
#include <csignal>
#include <functional>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "telemetry/http/endpoint.h"
#include "tests/config/example.h"
#include "tests/daemon/cli/fake_daemon.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// A keeper in a process of its own, because it takes that process's signals; its daemon is a script.
class KeeperTest : public testing::Test {
 protected:
  struct Ended {
    int exit_code = -1;
    std::string output;
    std::string errors;
  };

  // `body` sees $life (1 for the first start) and $state, and runs with the keeper's arguments.
  void daemon(const std::string& body) {
    folder_.write_program("longhauld", fmt::format(R"(#!/bin/bash
folder={}
state=$folder/state
echo "$$ $@" >> $folder/lives
life=$(wc -l < $folder/lives)
{}
)",
                                                   folder_.path(), body));
    folder_.write("state/readme", "");
  }

  // Whatever a failed test has left: keepers first, or they start their daemons again.
  ~KeeperTest() override {
    for (const pid_t pid : children_) {
      if (::waitpid(pid, nullptr, WNOHANG) != 0) continue;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    std::istringstream lives(folder_.read("lives"));
    for (std::string line; std::getline(lives, line);) ::kill(std::stoi(line), SIGKILL);
  }

  // A child of this process that runs `body` and exits with what it returns.
  pid_t fork_child(const std::function<int()>& body) {
    std::fflush(nullptr);  // or the child prints it again
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int code = body();
      std::fflush(nullptr);
      ::_exit(code);
    }
    children_.push_back(pid);
    return pid;
  }
  pid_t start() {
    return fork_child([this] { return keep(); });
  }
  int keep() const {
    redirect("out", 1);
    redirect("err", 2);
    const KeeperOptions options{folder_.path(), folder_ / "state", folder_ / "nodes", folder_ / "longhauld",
                                exit_when_done_};
    return keep_daemon(options);
  }
  Ended wait(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), folder_.read("out"),
            folder_.read("err")};
  }
  Ended run() { return wait(start()); }

  void redirect(const char* name, int fd) const {
    const int file = ::open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(file, fd);
  }
  int64_t lives() const {
    const std::string text = folder_.read("lives");
    return std::count(text.begin(), text.end(), '\n');
  }
  static bool until(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  TemporaryFolder folder_;
  std::vector<pid_t> children_;
  bool exit_when_done_ = true;
};

constexpr const char* kResult =
    R"(echo '{"daemon_pid":'$$',"state":"completed","steps":200,"restarts":3,"daemon_restarts":2,"lost_steps":21,)"
    R"("loss_digest":"0123456789abcdef","state_digest":"fedcba9876543210","halt_reason":""}' > $state/result.json
)";

TEST_F(KeeperTest, ADaemonThatIsKilledIsStartedAgainUntilItEndsByItsOwnDecision) {
  daemon(std::string("if [ $life -le 2 ]; then kill -KILL $$; fi\n") + kResult + "exit 0\n");
  const Ended e = run();
  EXPECT_EQ(e.exit_code, 0);
  EXPECT_EQ(lives(), 3);
  EXPECT_THAT(e.output, EndsWith("steps=200 restarts=3 lost_steps=21 loss_digest=0123456789abcdef "
                                 "state_digest=fedcba9876543210 daemon_restarts=2\n"));
  EXPECT_THAT(e.errors, HasSubstr("the daemon died (signal 9); starting it again"));
}

TEST_F(KeeperTest, ADaemonThatCrashesWithAnExitCodeOfNoDecisionIsStartedAgainToo) {
  daemon("[ $life = 1 ] && exit 134\nexit 0\n");
  const Ended e = run();
  EXPECT_EQ(e.exit_code, 0);
  EXPECT_EQ(lives(), 2);
  EXPECT_THAT(e.errors, HasSubstr("exit 134"));
}

// It was told to leave by somebody else: the ranks run on, and somebody has to come back for them.
TEST_F(KeeperTest, ADaemonThatLeftItsRanksIsStartedAgain) {
  daemon("[ $life = 1 ] && exit 75\nexit 0\n");
  const Ended e = run();
  EXPECT_EQ(e.exit_code, 0);
  EXPECT_EQ(lives(), 2);
  EXPECT_THAT(e.errors, HasSubstr("the ranks run on"));
}

TEST_F(KeeperTest, ADaemonThatLeftAfterTheKeeperWasAskedToEndIsNoSuccess) {
  daemon("trap 'exit 75' USR1\ntouch $folder/up\nwhile :; do sleep 0.02; done\n");
  const pid_t keeper = start();
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_ / "up"); }));
  ::kill(keeper, SIGTERM);
  ASSERT_TRUE(until([&] { return folder_.read("out").find("again to force") != std::string::npos; }));
  ::kill(std::stoi(folder_.read("lives")), SIGUSR1);
  const Ended e = wait(keeper);
  EXPECT_EQ(e.exit_code, 3);
  EXPECT_EQ(lives(), 1);
  EXPECT_THAT(e.errors, HasSubstr("run on without it"));
}

// A stopped process takes connections (the kernel does) and never answers.
TEST_F(KeeperTest, ADaemonThatStandsStillDoesNotHoldUpTheSecondInterrupt) {
  daemon("touch $folder/up\nexec sleep 1000\n");
  folder_.write("run.yaml", config::example_yaml());
  const auto silent = telemetry::http::listen_on(
      telemetry::http::parse_endpoint("unix:" + (folder_ / "state/operator.sock")).value());
  ASSERT_TRUE(silent);
  const pid_t keeper = start();
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_ / "up"); }));
  ::kill(keeper, SIGINT);
  ASSERT_TRUE(until([&] { return folder_.read("out").find("again to force") != std::string::npos; }));
  const auto asked = std::chrono::steady_clock::now();
  ::kill(keeper, SIGINT);
  EXPECT_EQ(wait(keeper).exit_code, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(8)) << "two answers of 10 s each";
}

TEST_F(KeeperTest, EachDecisionOfTheDaemonEndsTheKeeperWithTheSameCode) {
  for (const int code : {0, 2, 3, 5}) {
    std::filesystem::remove(folder_ / "lives");
    daemon(fmt::format("exit {}\n", code));
    EXPECT_EQ(run().exit_code, code);
    EXPECT_EQ(lives(), 1) << code;
  }
}

TEST_F(KeeperTest, AHaltIsExplained) {
  daemon(
      R"(echo '{"daemon_pid":'$$',"steps":7,"halt_reason":"the same failure three times"}' > $state/result.json
exit 3
)");
  const Ended e = run();
  EXPECT_EQ(e.exit_code, 3);
  EXPECT_THAT(e.errors, HasSubstr("halted: the same failure three times"));
  EXPECT_THAT(e.output, HasSubstr("steps=7 "));
}

TEST_F(KeeperTest, TheResultOfAnEarlierLifeIsNotPrintedForThisOne) {
  daemon("exit 2\n");
  folder_.write("state/result.json", R"({"daemon_pid":1,"steps":1000})");
  EXPECT_EQ(run().output, "");
}

TEST_F(KeeperTest, TheDaemonGetsTheRunDirectoryAndWhetherToExitWhenDone) {
  daemon("exit 0\n");
  run();
  EXPECT_THAT(folder_.read("lives"),
              EndsWith(" --run-dir " + folder_.path() + " --exit-when-done --fresh\n"));
  exit_when_done_ = false;
  run();
  EXPECT_THAT(folder_.read("lives"), EndsWith(" --run-dir " + folder_.path() + " --fresh\n"));
}

TEST_F(KeeperTest, ADaemonThatCannotBeStartedIsAFailure) {
  const Ended e = run();
  EXPECT_EQ(e.exit_code, 3);
  EXPECT_THAT(e.errors, HasSubstr("longhauld"));
}

// One Ctrl-C reaches everything in the terminal's group, and must not reach the daemon.
TEST_F(KeeperTest, TheDaemonIsInASessionOfItsOwnWithNoSignalBlocked) {
  daemon(R"(read -r _ _ _ _ _ session _ < /proc/$$/stat
[ "$session" = $$ ] || exit 5
grep -q '^SigBlk:[[:space:]]*0*$' /proc/self/status || exit 3
exit 0
)");
  EXPECT_EQ(run().exit_code, 0);
}

TEST_F(KeeperTest, AnInterruptAsksTheDaemonToStopUntilItAcceptsAndItsEndIsTheKeepers) {
  daemon(std::string("while [ ! -e $folder/stop ]; do sleep 0.02; done\n") + kResult + "exit 0\n");
  folder_.write("run.yaml", config::example_yaml());
  std::vector<std::string> asked;
  const pid_t keeper = start();  // before there are threads: it forks
  FakeDaemon operator_socket(folder_ / "state/operator.sock", [&](const telemetry::http::Request& r) {
    if (r.method == "GET") return telemetry::http::json_response(R"({"state":"training","step":7})");
    asked.push_back(r.path + " " + *r.header("Idempotency-Key"));
    if (asked.size() == 1)
      return telemetry::http::problem(503, "Unavailable", "the journal cannot be written");
    folder_.write("stop", "");
    return telemetry::http::json_response(R"({"accepted":true})");
  });
  ASSERT_TRUE(until([&] { return lives() == 1; }));
  ::kill(keeper, SIGTERM);
  const Ended e = wait(keeper);
  operator_socket.stop();
  EXPECT_EQ(e.exit_code, 0);
  EXPECT_THAT(e.output, EndsWith("daemon_restarts=2\n"));
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_THAT(asked[0], testing::StartsWith("/api/v1/commands/stop "));
  EXPECT_EQ(asked[0], asked[1]) << "the same command, with the same key";
}

TEST_F(KeeperTest, TheFirstInterruptWaitsForTheDaemonAndASecondKillsItAndTheAgents) {
  daemon("touch $folder/up\nexec sleep 1000\n");
  folder_.write_program("longhaul-agent", fmt::format(R"(#!/bin/bash
echo $$ > {}/nodes/node-0/agent.pid
while :; do sleep 0.05; done
)",
                                                      folder_.path()));
  folder_.write("nodes/node-0/readme", "");
  folder_.write("nodes/node-1/agent.pid", fmt::format("{}\n", ::getpid()));  // a number used again since
  const pid_t agent =
      fork_child([this] { return ::execl((folder_ / "longhaul-agent").c_str(), "longhaul-agent", nullptr); });
  ASSERT_TRUE(until([&] { return !folder_.read("nodes/node-0/agent.pid").empty(); }));

  const pid_t keeper = start();
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_ / "up"); }));
  ::kill(keeper, SIGINT);
  ASSERT_TRUE(until([&] { return folder_.read("out").find("again to force") != std::string::npos; }))
      << "a person sees at once what happens";
  EXPECT_EQ(::waitpid(keeper, nullptr, WNOHANG), 0);
  ::kill(keeper, SIGINT);
  EXPECT_EQ(wait(keeper).exit_code, 3);
  int status = 0;
  ASSERT_EQ(::waitpid(agent, &status, 0), agent);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  const int daemon_pid = std::stoi(folder_.read("lives"));
  EXPECT_EQ(::kill(daemon_pid, 0), -1);
}

}  // namespace
}  // namespace longhaul::daemon
