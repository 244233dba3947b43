#include "daemon/agent/process/rank_launcher.h"

#include <csignal>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

class RankLauncherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Stands for longhaul-trainer: tells what it was given.
    ASSERT_TRUE(
        write_file_durably(trainer_,
                           "#!/bin/sh\necho \"$@\"\nreadlink /proc/$$/fd/${LONGHAUL_MASTER_FD:-none}\n"
                           "echo fd ${LONGHAUL_MASTER_FD:-none} >&2\n",
                           0755));
    launch_.generation = Generation{1, 1};
    launch_.world_size = 2;
    launch_.ranks = {{0, 0}, {1, 1}};
    launch_.master_address = "127.0.0.1";
    auto socket = RendezvousSocket::open("127.0.0.1");
    ASSERT_TRUE(socket);
    rendezvous_ = std::move(*socket);
    launch_.master_port = rendezvous_.port();
  }
  RankLauncher launcher(const std::string& kind = "longhaul") {
    config::RunConfig config;
    config.trainer.kind = kind;
    config.trainer.command = {"/bin/sh", "-c", "echo foreign ${LONGHAUL_MASTER_FD:-none}"};
    return RankLauncher(config, RankPlaces{trainer_, "/run", "node-0", logs_, "/agent.sock"});
  }
  std::string output(int rank, const char* kind) {
    return read_file(fmt::format("{}/1.1/rank-{}.{}", logs_, rank, kind)).value_or("(none)");
  }
  static bool can_bind(int port) { return static_cast<bool>(RendezvousSocket::open("127.0.0.1", port)); }

  TemporaryFolder directory_;
  std::string trainer_ = directory_.path() + "/trainer";
  std::string logs_ = directory_.path() + "/logs";
  LaunchCommand launch_;
  RendezvousSocket rendezvous_;
};

TEST_F(RankLauncherTest, OurRankZeroInheritsTheListeningSocketAndTheAgentLetsGoOfIt) {
  struct stat socket {};
  ASSERT_EQ(::fstat(rendezvous_.fd(), &socket), 0);
  const auto started = launcher().start(launch_, {0, 0}, "127.0.0.1", rendezvous_);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_GT(started->start_ticks, 0u);
  EXPECT_FALSE(rendezvous_.is_open());
  EXPECT_EQ(wait_child(started->child.pid)->exit_code, 0);
  EXPECT_EQ(output(0, "out"), fmt::format("--run-dir /run\nsocket:[{}]\n", socket.st_ino));
  EXPECT_TRUE(can_bind(launch_.master_port));  // nobody else held it
}

TEST_F(RankLauncherTest, OtherRanksGetNoSocketAndItStaysWithTheAgent) {
  const auto started = launcher().start(launch_, {1, 1}, "127.0.0.1", rendezvous_);
  ASSERT_TRUE(started);
  wait_child(started->child.pid).value();
  EXPECT_EQ(output(1, "err"), "fd none\n");
  EXPECT_TRUE(rendezvous_.is_open());
}

TEST_F(RankLauncherTest, BindsThePortOfTheLaunchWhenAnotherIsKept) {
  const int promised = launch_.master_port;
  auto other = RendezvousSocket::open("127.0.0.1");
  rendezvous_ = std::move(*other);
  const auto started = launcher().start(launch_, {0, 0}, "127.0.0.1", rendezvous_);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(wait_child(started->child.pid)->exit_code, 0);
  EXPECT_NE(output(0, "out").find("socket:["), std::string::npos);
  EXPECT_TRUE(can_bind(promised));
}

TEST_F(RankLauncherTest, APortThatIsTakenIsAnError) {
  auto taken = RendezvousSocket::open("127.0.0.1");
  launch_.master_port = taken->port();
  const auto started = launcher().start(launch_, {0, 0}, "127.0.0.1", rendezvous_);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("in use"), std::string::npos) << started.error().message;
}

TEST_F(RankLauncherTest, AForeignRankZeroFindsItsPortFree) {
  const auto started = launcher("command").start(launch_, {0, 0}, "127.0.0.1", rendezvous_);
  ASSERT_TRUE(started);
  wait_child(started->child.pid).value();
  EXPECT_EQ(output(0, "out"), "foreign none\n");
  EXPECT_FALSE(rendezvous_.is_open());
}

TEST_F(RankLauncherTest, AppendsToLogsAndKnowsWhereItsOwnPartBegins) {
  for (int round = 0; round < 2; ++round) {
    const auto started = launcher().start(launch_, {1, 1}, "127.0.0.1", rendezvous_);
    ASSERT_TRUE(started);
    EXPECT_EQ(started->error_log_offset, round * 8);
    wait_child(started->child.pid).value();
  }
  EXPECT_EQ(output(1, "err"), "fd none\nfd none\n");
}

}  // namespace
}  // namespace longhaul::daemon
