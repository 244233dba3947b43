#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "telemetry/http/server.h"
#include "tests/daemon/supervisor/supervisor_fixture.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;
using testing::HasSubstr;

class SupervisorStartTest : public SupervisorFixture {
 protected:
  int64_t terms() const {
    const auto names = list_directory(folder_ / "store/terms");
    return names ? static_cast<int64_t>(names->size()) : 0;
  }
  // The error of a start that must fail and must not have claimed a term.
  Error refusal() {
    const auto started = start();
    EXPECT_FALSE(started);
    EXPECT_EQ(terms(), 0) << "nothing is claimed";
    return started ? Error{} : started.error();
  }
};

TEST_F(SupervisorStartTest, ClaimsATermAndWritesDownWhereItCanBeReached) {
  ASSERT_TRUE(start());
  EXPECT_EQ(terms(), 1);
  const json::object listeners = document("state/listeners.json");
  EXPECT_THAT(json::string_or(listeners, "public", ""), testing::MatchesRegex("127.0.0.1:[0-9]+"));
  EXPECT_THAT(json::string_or(listeners, "metrics", ""), testing::MatchesRegex("127.0.0.1:[0-9]+"));
  EXPECT_THAT(folder_.read("state/agents.addr"), testing::MatchesRegex("127.0.0.1:[0-9]+\n"));
  const auto key = std::filesystem::status(folder_ / "state/cluster.key").permissions();
  EXPECT_EQ(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// In a process of its own: a hard limit that is lowered stays so.
TEST_F(SupervisorStartTest, ThePublicLeavesTheDescriptorsThatTheRunNeeds) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const rlimit few{300, 600};
    ::setrlimit(RLIMIT_NOFILE, &few);
    ::_exit(start() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(folder_.read("log"),
              HasSubstr("at most 343 public connections: the limit of open files is 600"));
}

TEST_F(SupervisorStartTest, EachLifeClaimsAHigherTermAndKeepsTheKey) {
  ASSERT_TRUE(start());
  const std::string key = folder_.read("state/cluster.key");
  supervisor_.reset();
  ASSERT_TRUE(start());
  EXPECT_EQ(terms(), 2);
  EXPECT_EQ(folder_.read("state/cluster.key"), key);
}

TEST_F(SupervisorStartTest, AMissingCorpusIsFoundFirst) {
  std::filesystem::remove(folder_ / "corpus/de.idx");
  EXPECT_THAT(refusal().message, HasSubstr("corpus/de"));
}

TEST_F(SupervisorStartTest, AFolderThatCannotBeMadeIsNamedWithItsKey) {
  folder_.write("store", "a file");
  EXPECT_THAT(refusal().message, HasSubstr("paths.store"));
}

TEST_F(SupervisorStartTest, APortThatIsTakenIsNamedWithItsKey) {
  boost::asio::io_context other_io;
  http::HttpServer other(other_io, {}, [](const http::Request&, const http::Reply&) {});
  ASSERT_TRUE(other.listen("127.0.0.1:0"));
  const std::string taken = fmt::format("127.0.0.1:{}", other.port());
  config_.telemetry.listen = taken;
  EXPECT_THAT(refusal().message, testing::AllOf(HasSubstr("telemetry.listen"), HasSubstr(taken)));
  config_.telemetry.listen = "127.0.0.1:0";
  config_.telemetry.metrics_listen = taken;
  EXPECT_THAT(refusal().message, testing::AllOf(HasSubstr("telemetry.metrics_listen"), HasSubstr(taken)));
}

TEST_F(SupervisorStartTest, AStoreThatWasMadeAnewIsNotTakenForTheOneBefore) {
  ASSERT_TRUE(start());
  supervisor_.reset();
  std::filesystem::rename(folder_ / "store", folder_ / "the store");
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kConflict);
  EXPECT_THAT(started.error().message, testing::AllOf(HasSubstr("paths.state"), HasSubstr("paths.store")));
  EXPECT_EQ(terms(), 0);
  std::filesystem::remove_all(folder_ / "store");
  std::filesystem::rename(folder_ / "the store", folder_ / "store");
  EXPECT_TRUE(start());
}

TEST_F(SupervisorStartTest, AStoreOfAnotherConfigurationIsRefused) {
  ASSERT_TRUE(start());
  supervisor_.reset();
  config_.run.seed += 1;
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kConflict);
  EXPECT_EQ(terms(), 1);
}

}  // namespace
}  // namespace longhaul::daemon
