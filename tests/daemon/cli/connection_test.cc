#include "daemon/cli/connection.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/fake_daemon.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;
using testing::HasSubstr;
using ConnectionTest = CommandTest;

TEST_F(ConnectionTest, AFolderWithoutARunIsNoDaemonThatDoesNotAnswer) {
  const auto c = Connection::open(folder_ / "elsewhere");
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(c.error().message, HasSubstr("holds no run"));
}

TEST_F(ConnectionTest, ADaemonThatIsNotThereIsUnavailableAndNamesTheRun) {
  const auto answer = Connection::open(folder_.path()).value().get("/api/v1/run");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no daemon answers for " + folder_.path()));
}

TEST_F(ConnectionTest, APostCarriesItsBodyAndItsKey) {
  http::Request seen;
  FakeDaemon daemon(socket(), [&](const http::Request& r) {
    seen = r;
    return http::json_response(R"({"accepted":true})");
  });
  const auto answer =
      Connection::open(folder_.path()).value().post("/api/v1/commands/stop", {{"reason", "r"}}, "key");
  daemon.stop();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->at("accepted"), true);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/api/v1/commands/stop");
  EXPECT_EQ(seen.body, R"({"reason":"r"})");
  EXPECT_EQ(*seen.header("idempotency-key"), "key");
  EXPECT_EQ(*seen.header("content-type"), "application/json");
}

TEST_F(ConnectionTest, AProblemBecomesAnErrorOfItsKindWithItsDetail) {
  int status = 0;
  FakeDaemon daemon(socket(),
                    [&](const http::Request&) { return http::problem(status, "Title", "the detail"); });
  const auto c = Connection::open(folder_.path()).value();
  const std::pair<int, ErrorCode> kinds[] = {
      {400, ErrorCode::kInvalid},  {404, ErrorCode::kInvalid},     {409, ErrorCode::kConflict},
      {422, ErrorCode::kInvalid},  {429, ErrorCode::kUnavailable}, {500, ErrorCode::kInternal},
      {502, ErrorCode::kInternal}, {503, ErrorCode::kUnavailable}, {504, ErrorCode::kTimeout}};
  for (const auto& [code, kind] : kinds) {
    status = code;
    const auto answer = c.get("/x");
    ASSERT_FALSE(answer) << code;
    EXPECT_EQ(answer.error().code, kind) << code;
    EXPECT_EQ(answer.error().message, "the detail");
  }
}

TEST_F(ConnectionTest, AnAnswerThatIsNoJsonObjectIsAnError) {
  FakeDaemon daemon(socket(), [](const http::Request&) { return http::text_response("hello"); });
  const auto answer = Connection::open(folder_.path()).value().get("/x");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
}

TEST_F(ConnectionTest, AFailureThatIsNoProblemIsToldInItsOwnWords) {
  FakeDaemon daemon(socket(), [](const http::Request&) { return http::text_response("oops", 500); });
  const auto answer = Connection::open(folder_.path()).value().get("/x");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
  EXPECT_EQ(answer.error().message, "oops");
}

TEST(ChosenRunDirectory, IsTheOptionElseTheEnvironmentElseHere) {
  ::setenv("LONGHAUL_RUN_DIR", "/from/environment", 1);
  EXPECT_EQ(chosen_run_directory("/from/option/../option"), "/from/option");
  EXPECT_EQ(chosen_run_directory(""), "/from/environment");
  ::unsetenv("LONGHAUL_RUN_DIR");
  const std::string here = std::filesystem::current_path().string();
  EXPECT_TRUE(chosen_run_directory("") == here || chosen_run_directory("") == here + "/");
}

}  // namespace
}  // namespace longhaul::daemon
