#include "daemon/agent/rank_server/rank_server.h"

#include <chrono>
#include <cstring>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "base/posix/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RankServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = RankServer::listen(
        io_, path_, [this](pid_t pid) { return pid == ::getpid() ? known_ : std::nullopt; },
        [this](const RankId& id, json::object report) {
          reports_.push_back(std::to_string(id.rank) + json::to_text(report));
        });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  UniqueFd connect() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  void send(const UniqueFd& fd, const std::string& bytes) {
    size_t done = 0;
    for (int round = 0; round < 2000 && done < bytes.size(); ++round) {
      const ssize_t n =
          ::send(fd.get(), bytes.data() + done, bytes.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) done += static_cast<size_t>(n);
      turn(1);
    }
  }
  void turn(int64_t ms = 30) {
    io_.run_for(std::chrono::milliseconds(ms));
    io_.restart();
  }
  // What the rank gets to read without waiting; "EOF" when the server has closed.
  static std::string received(const UniqueFd& fd) {
    char buffer[4096];
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno == ECONNRESET) ? "EOF"
           : n < 0                                  ? ""
                                                    : std::string(buffer, static_cast<size_t>(n));
  }

  TemporaryFolder directory_;
  std::string path_ = directory_.path() + "/agent.sock";
  boost::asio::io_context io_;
  std::optional<RankId> known_ = RankId{{1, 1}, 7};
  std::vector<std::string> reports_;
  std::unique_ptr<RankServer> server_;
};

TEST_F(RankServerTest, TakesLinesHoweverTheyArrive) {
  const UniqueFd rank = connect();
  for (const char* piece : {"{\"ste", "p\":1}\n{\"step\":2}\n\n{\"st", "ep\":3}\n"}) {
    send(rank, piece);
    turn();
  }
  EXPECT_THAT(reports_, ElementsAre("7{\"step\":1}", "7{\"step\":2}", "7{\"step\":3}"));
}

TEST_F(RankServerTest, DropsWhoeverSendsNoObjectAndGoesOnWithTheOthers) {
  const UniqueFd good = connect();
  for (const std::string& bad :
       std::vector<std::string>{"hello\n", "[1]\n", "{\"a\":\n", std::string("\0\xff\n", 3),
                                std::string(kMaxRankLineBytes + 1, 'x'),
                                "{\"a\":\"" + std::string(kMaxRankLineBytes, 'x') + "\"}\n"}) {
    const UniqueFd rank = connect();
    send(rank, bad);
    turn();
    EXPECT_EQ(received(rank), "EOF") << bad.substr(0, 20);
  }
  send(good, "{\"a\":\"" + std::string(60'000, 'x') + "\"}\n");
  turn();
  EXPECT_EQ(reports_.size(), 1u);
  EXPECT_EQ(received(good), "");
}

TEST_F(RankServerTest, DropsAStranger) {
  known_.reset();
  const UniqueFd stranger = connect();
  send(stranger, "{}\n");
  turn();
  EXPECT_EQ(received(stranger), "EOF");
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(RankServerTest, TellsEachConnectionOfARankAndNoOther) {
  const UniqueFd one = connect();
  turn();
  known_ = RankId{{1, 1}, 8};
  const UniqueFd other = connect();
  turn();
  server_->tell(RankId{{1, 1}, 7}, "{\"command\":\"checkpoint\"}");
  turn();
  EXPECT_EQ(received(one), "{\"command\":\"checkpoint\"}\n");
  EXPECT_EQ(received(other), "");
}

TEST_F(RankServerTest, ARankThatDoesNotReadCostsABoundedAmount) {
  const UniqueFd rank = connect();
  turn();
  const std::string line = "{\"x\":\"" + std::string(10'000, 'x') + "\"}";
  for (int i = 0; i < 1000; ++i) server_->tell(RankId{{1, 1}, 7}, line);
  send(rank, "{\"step\":1}\n");
  turn();
  EXPECT_EQ(reports_.size(), 1u);
  // What was queued arrives whole once it reads.
  std::string all;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece = received(rank);
    if (piece.empty()) turn(1);
    all += piece;
  }
  EXPECT_GT(all.size(), 0u);
  EXPECT_EQ(all.size() % (line.size() + 1), 0u);
}

TEST_F(RankServerTest, GivesOutTheLastWordsOfARankEvenIfTheLoopNeverSawItConnect) {
  UniqueFd rank = connect();
  const std::string words = "{\"step\":1}\n{\"error\":{\"kind\":\"nonfinite\"}}\n{\"torn";
  ASSERT_EQ(::send(rank.get(), words.data(), words.size(), 0), static_cast<ssize_t>(words.size()));
  rank.reset();
  server_->rank_gone(RankId{{1, 1}, 7});
  EXPECT_THAT(reports_, ElementsAre("7{\"step\":1}", "7{\"error\":{\"kind\":\"nonfinite\"}}"));
}

TEST_F(RankServerTest, ReplacesASocketThatADeadAgentLeftAndRemovesItsOwn) {
  auto second = RankServer::listen(
      io_, path_, [](pid_t) { return std::nullopt; }, [](const RankId&, json::object) {});
  ASSERT_TRUE(second) << second.error().message;
  second->reset();
  EXPECT_FALSE(path_exists(path_));
  EXPECT_FALSE(RankServer::listen(io_, directory_.path() + "/" + std::string(200, 'x'), nullptr, nullptr));
}

}  // namespace
}  // namespace longhaul::daemon
