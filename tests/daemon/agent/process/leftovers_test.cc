#include "daemon/agent/process/leftovers.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/posix/child_process.h"
#include "base/posix/process_table.h"

namespace longhaul::daemon {
namespace {

// A process as a rank is started; `socket` goes into its environment.
class Sleeper {
 public:
  explicit Sleeper(const std::string& socket, const std::string& script = "sleep 60 & sleep 60; wait") {
    ChildSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    spec.environment = {"PATH=/usr/bin:/bin"};
    if (!socket.empty()) spec.environment.push_back("LONGHAUL_SOCKET=" + socket);
    spec.own_session = true;
    child_ = std::move(*spawn_child(spec));
    ::usleep(100'000);
  }
  ~Sleeper() {
    signal_session(child_.pid, SIGKILL);
    static_cast<void>(wait_child(child_.pid));
  }
  pid_t pid() const { return child_.pid; }
  bool alive() const { return signal_session(child_.pid, 0) > 0; }
  RankRecord record() const { return RankRecord{{}, child_.pid, process_info(child_.pid)->start_ticks}; }

 private:
  Child child_;
};

TEST(LeftoversTest, EndsARecordedRankWithAllOfItsSession) {
  const Sleeper rank("");
  EXPECT_EQ(find_leftovers({rank.record()}, "/no/socket").size(), 3u);
  EXPECT_TRUE(end_leftovers({rank.record()}, "/no/socket", 5000));
  EXPECT_FALSE(rank.alive());
}

TEST(LeftoversTest, SparesAProcessThatOnlyGotTheSamePid) {
  const Sleeper stranger("");
  RankRecord record = stranger.record();
  record.start_ticks -= 1;
  EXPECT_TRUE(end_leftovers({record}, "/no/socket", 5000));
  EXPECT_TRUE(stranger.alive());
}

TEST(LeftoversTest, FindsWhatWasNeverRecordedByItsEnvironmentAndSparesOtherAgentsRanks) {
  const std::string socket = "/tmp/leftovers-" + std::to_string(::getpid());
  const Sleeper rank(socket);
  const Sleeper other(socket + "-of-another-node");
  EXPECT_TRUE(end_leftovers({}, socket, 5000));
  EXPECT_FALSE(rank.alive());
  EXPECT_TRUE(other.alive());
}

TEST(LeftoversTest, FindsTheHelpersOfARankThatIsGone) {
  const std::string socket = "/tmp/leftovers-" + std::to_string(::getpid());
  const Sleeper rank(socket, "sleep 60 & exit 0");
  EXPECT_TRUE(rank.alive());  // the helper
  EXPECT_TRUE(end_leftovers({}, socket, 5000));
  EXPECT_FALSE(rank.alive());
}

}  // namespace
}  // namespace longhaul::daemon
