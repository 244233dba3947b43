#include "wire/rank_link/rank_link.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/posix/system_clock.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::wire {
namespace {

// The agent's side, by hand.
class Agent {
 public:
  Agent() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(0, ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    EXPECT_EQ(0, ::listen(listener_.get(), 1));
  }

  std::string path() const { return folder_ / "agent.sock"; }
  void accept() { connection_.reset(::accept(listener_.get(), nullptr, nullptr)); }
  void say(std::string_view text) {
    ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(connection_.get(), text.data(), text.size(), 0));
  }
  std::string hear() {
    char buffer[65536];
    const ssize_t n = ::recv(connection_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return n <= 0 ? "" : std::string(buffer, static_cast<size_t>(n));
  }
  void hang_up() { connection_.reset(); }

 private:
  TemporaryFolder folder_;
  UniqueFd listener_;
  UniqueFd connection_;
};

TEST(RankLink, RunsUnsupervisedWithoutAPathOrWithoutAnAgent) {
  for (const char* path : {"", "/tmp/there-is-no-agent-here.sock"}) {
    auto link = RankLink::open(path);
    ASSERT_TRUE(link) << link.error().message;
    EXPECT_FALSE(link->supervised());
    EXPECT_TRUE(link->send({{"step", 1}}));
    auto lines = link->poll();
    ASSERT_TRUE(lines);
    EXPECT_TRUE(lines->empty());
  }
}

TEST(RankLink, SendsOneObjectALineAndReadsCommandsHoweverTheyAreCut) {
  Agent agent;
  auto link = RankLink::open(agent.path());
  ASSERT_TRUE(link) << link.error().message;
  agent.accept();
  ASSERT_TRUE(link->send({{"rank", 0}, {"phase", "start"}}));
  ASSERT_TRUE(link->send({{"step", 1}}));
  EXPECT_EQ(agent.hear(), "{\"rank\":0,\"phase\":\"start\"}\n{\"step\":1}\n");

  agent.say("not json\n{\"command\":\"check");
  EXPECT_TRUE(link->poll()->empty());
  agent.say("point\"}\n");
  auto lines = link->poll();
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ(*json::get_string(lines->front(), "command"), "checkpoint");
}

TEST(RankLink, ReportsTheAgentsEndAfterItsLastCommand) {
  Agent agent;
  auto link = RankLink::open(agent.path());
  agent.accept();
  agent.say("{\"command\":\"checkpoint\"}\n");
  agent.hang_up();
  ASSERT_EQ(link->poll()->size(), 1u);
  auto after = link->poll();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kClosed);
  EXPECT_FALSE(link->send({{"step", 2}}));
}

TEST(RankLink, NeverWaitsForAnAgentThatDoesNotRead) {
  Agent agent;
  auto link = RankLink::open(agent.path());
  agent.accept();
  const std::string padding(1000, 'x');
  for (int step = 0; step < 2000; ++step) ASSERT_TRUE(link->send({{"step", step}, {"padding", padding}}));
  SystemClock clock;
  auto flushed = link->flush(clock, 20);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::kTimeout);
  size_t lines = 0;
  for (std::string heard; !(heard = agent.hear()).empty();) {
    lines += static_cast<size_t>(std::count(heard.begin(), heard.end(), '\n'));
    ASSERT_TRUE(link->poll());
  }
  EXPECT_EQ(lines, 2000u);
  EXPECT_TRUE(link->flush(clock, 0));
}

}  // namespace
}  // namespace longhaul::wire
