#include "daemon/launch/local_launcher.h"

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/posix/file.h"
#include "base/posix/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// As an agent: the lock on <node>/agent.lock with its pid inside, until it dies. It is one process: exec
// keeps the pid and descriptor 9. While the file <node>/wait is there, it has not come to the lock.
constexpr const char* kAgent = R"(#!/bin/bash
folder={}/$2
echo $$ >> {}/pids
read -r _ _ _ _ _ session _ < /proc/$$/stat
echo "$@ key=$LONGHAUL_CLUSTER_KEY_FILE session=$session pid=$$" >> $folder/starts
while [ -e $folder/wait ]; do sleep 0.02; done
exec 9<>$folder/agent.lock
flock -n 9 || exit 1
truncate -s 0 $folder/agent.lock
echo $$ >&9
exec sleep 1000
)";

class LocalLauncherTest : public testing::Test {
 protected:
  LocalLauncherTest() {
    log_start("local_launcher_test", "", LogLevel::kError);
    const std::string nodes = folder_ / "nodes";
    folder_.write_program("agent", fmt::format(fmt::runtime(kAgent), nodes, folder_.path()));
    folder_.write("nodes/node-0/readme", "");
  }
  ~LocalLauncherTest() override {
    std::istringstream pids(folder_.read("pids"));
    for (int pid = 0; pids >> pid;) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

  std::unique_ptr<LocalLauncher> launcher() {
    return std::make_unique<LocalLauncher>(
        io_, LocalLauncherOptions{folder_ / "agent", folder_.path(), folder_ / "nodes", folder_ / "key"},
        [this](const std::string& node) { died_.push_back(node); });
  }

  // Turns the loop until `condition`, or for ten seconds.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      turn(10ms);
    }
    return true;
  }
  void turn(std::chrono::milliseconds time) {
    io_.restart();
    io_.run_for(time);
    std::this_thread::sleep_for(1ms);
  }
  // The pid of the agent that holds the lock, once there is one.
  int agent() {
    int pid = 0;
    EXPECT_TRUE(until([&] {
      std::istringstream(folder_.read("nodes/node-0/agent.lock")) >> pid;
      return pid > 0 && ::kill(pid, 0) == 0;
    }));
    return pid;
  }
  int64_t starts() {
    const std::string text = folder_.read("nodes/node-0/starts");
    return std::count(text.begin(), text.end(), '\n');
  }
  void hold_back(bool yes) {
    if (yes) return folder_.write("nodes/node-0/wait", "");
    std::filesystem::remove(folder_ / "nodes/node-0/wait");
  }
  // Everything that could still say that somebody died has had its time.
  void settle() { turn(400ms); }

  TemporaryFolder folder_;
  boost::asio::io_context io_;
  std::vector<std::string> died_;
};

TEST_F(LocalLauncherTest, StartsTheAgentInASessionOfItsOwnWithItsNodeRunAndKey) {
  const auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  EXPECT_EQ(folder_.read("nodes/node-0/starts"),
            fmt::format("--node node-0 --run-dir {} key={} session={} pid={}\n", folder_.path(),
                        folder_ / "key", pid, pid));
  EXPECT_THAT(died_, IsEmpty());
}

TEST_F(LocalLauncherTest, WhatAnAgentPrintsIsKeptInItsLogs) {
  folder_.write_program("agent", "#!/bin/sh\necho out; echo err >&2\n");
  const auto l = launcher();
  l->start("node-0");
  ASSERT_TRUE(until([&] { return !died_.empty(); }));
  EXPECT_EQ(folder_.read("nodes/node-0/logs/agent.out"), "out\nerr\n");
}

TEST_F(LocalLauncherTest, DoesNotStartASecondAgentWhileOneLives) {
  const auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  l->start("node-0");
  settle();
  EXPECT_EQ(agent(), pid);
  EXPECT_EQ(starts(), 1);
}

TEST_F(LocalLauncherTest, DoesNotStartASecondAgentWhileOneIsOnItsWayToTheLock) {
  hold_back(true);
  const auto l = launcher();
  l->start("node-0");
  ASSERT_TRUE(until([&] { return starts() == 1; }));
  l->start("node-0");
  hold_back(false);
  agent();
  settle();
  EXPECT_EQ(starts(), 1);
  EXPECT_THAT(died_, IsEmpty());
}

// The daemon asks for the check when the connection ends, which is before or after the process is seen to.
TEST_F(LocalLauncherTest, ADeathIsToldOnceHoweverOftenItIsLookedFor) {
  const auto l = launcher();
  l->start("node-0");
  ::kill(agent(), SIGKILL);
  l->check("node-0");
  ASSERT_TRUE(until([&] { return !died_.empty(); }));
  l->check("node-0");
  settle();
  l->check("node-0");
  settle();
  EXPECT_THAT(died_, ElementsAre("node-0"));
}

TEST_F(LocalLauncherTest, ANewAgentCanBeStartedAfterADeathAndItsDeathIsToldToo) {
  const auto l = launcher();
  l->start("node-0");
  ::kill(agent(), SIGKILL);
  ASSERT_TRUE(until([&] { return died_.size() == 1; }));
  l->start("node-0");
  ::kill(agent(), SIGKILL);
  ASSERT_TRUE(until([&] { return died_.size() == 2; }));
  l->check("node-0");
  settle();
  EXPECT_EQ(died_.size(), 2U);
  EXPECT_EQ(starts(), 2);
}

TEST_F(LocalLauncherTest, AFenceKillsTheAgentAlsoAStoppedOne) {
  const auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  ::kill(pid, SIGSTOP);
  l->fence("node-0");
  ASSERT_TRUE(until([&] { return !died_.empty(); }));
  EXPECT_EQ(::kill(pid, 0), -1);
  settle();
  EXPECT_THAT(died_, ElementsAre("node-0"));
}

TEST_F(LocalLauncherTest, AFenceKillsAnAgentThatHasNotComeToItsLock) {
  hold_back(true);
  const auto l = launcher();
  l->start("node-0");
  ASSERT_TRUE(until([&] { return starts() == 1; }));
  l->fence("node-0");
  EXPECT_TRUE(until([&] { return !died_.empty(); }));
}

TEST_F(LocalLauncherTest, AFenceOfANodeWithoutAnAgentIsAnsweredAtOnce) {
  const auto l = launcher();
  l->fence("node-0");
  EXPECT_THAT(died_, ElementsAre("node-0"));
}

TEST_F(LocalLauncherTest, AgentsOutliveTheDaemonAndALaterOneFindsAndWatchesThem) {
  auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  l.reset();
  settle();
  ASSERT_EQ(::kill(pid, 0), 0);

  l = launcher();
  l->start("node-0");
  settle();
  EXPECT_EQ(starts(), 1);
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(until([&] { return !died_.empty(); }));
  settle();
  EXPECT_THAT(died_, ElementsAre("node-0")) << "and nothing from the launcher that is gone";
}

TEST_F(LocalLauncherTest, ALaterDaemonCanFenceAnAgentThatItNeverStarted) {
  auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  l.reset();
  l = launcher();
  l->fence("node-0");
  ASSERT_TRUE(until([&] { return !died_.empty(); }));
  EXPECT_EQ(::kill(pid, 0), -1);
}

// A dying process closes its sockets before its lock: "it lives" may be true for a millisecond only.
TEST_F(LocalLauncherTest, AnAgentThatACheckFoundAliveIsWatchedFromThenOn) {
  auto l = launcher();
  l->start("node-0");
  const int pid = agent();
  l.reset();
  l = launcher();
  l->check("node-0");
  EXPECT_THAT(died_, IsEmpty());
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(until([&] { return !died_.empty(); }));
}

TEST_F(LocalLauncherTest, ALockThatIsHeldWithoutAPidIsNeitherLifeNorDeathAndIsLookedAtAgain) {
  UniqueFd lock(::open((folder_ / "nodes/node-0/agent.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  const auto l = launcher();
  l->start("node-0");
  l->check("node-0");
  settle();
  EXPECT_EQ(starts(), 0);
  EXPECT_THAT(died_, IsEmpty());
  lock.reset();
  EXPECT_TRUE(until([&] { return !died_.empty(); }));
}

// The agent has taken the lock and not yet written its pid: the file still names the one before.
TEST_F(LocalLauncherTest, APidInTheLockThatIsNobodysIsNoDeathWhileTheLockIsHeld) {
  folder_.write("nodes/node-0/agent.lock", "4194305\n");  // above the kernel's highest pid
  UniqueFd lock(::open((folder_ / "nodes/node-0/agent.lock").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  const auto l = launcher();
  l->start("node-0");
  l->fence("node-0");
  settle();
  EXPECT_THAT(died_, IsEmpty());
}

TEST_F(LocalLauncherTest, AnAgentThatFoundTheLockTakenIsNotTakenForTheNodesAgent) {
  hold_back(true);
  const auto l = launcher();
  l->start("node-0");
  ASSERT_TRUE(until([&] { return starts() == 1; }));
  // Meanwhile another one, whoever started it, has the node.
  folder_.write_program("agent", fmt::format(R"(#!/bin/bash
exec 9<>{0}/nodes/node-0/agent.lock
flock -n 9 && echo $$ >&9 && echo $$ >> {0}/pids
exec sleep 1000
)",
                                             folder_.path()));
  std::vector<std::string> died_elsewhere;
  LocalLauncher elsewhere(
      io_, LocalLauncherOptions{folder_ / "agent", folder_.path(), folder_ / "nodes", folder_ / "key"},
      [&](const std::string& node) { died_elsewhere.push_back(node); });
  elsewhere.start("node-0");
  const int pid = agent();
  hold_back(false);
  settle();
  EXPECT_THAT(died_, IsEmpty());
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(until([&] { return !died_.empty() && !died_elsewhere.empty(); }));
  EXPECT_THAT(died_, ElementsAre("node-0"));
}

TEST_F(LocalLauncherTest, AProgramThatIsNotThereIsNoAgentAndNoDeath) {
  std::filesystem::remove(folder_ / "agent");
  const auto l = launcher();
  l->start("node-0");
  settle();
  EXPECT_THAT(died_, IsEmpty());
  l->check("node-0");
  EXPECT_THAT(died_, ElementsAre("node-0")) << "asked for: nobody holds the lock";
}

}  // namespace
}  // namespace longhaul::daemon
