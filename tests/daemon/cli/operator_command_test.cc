#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json/json.h"
#include "daemon/cli/commands.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/fake_daemon.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;
using testing::HasSubstr;

class OperatorCommandTest : public CommandTest {
 protected:
  static int pause(int argc, char** argv) { return operator_command("pause", argc, argv); }
};

TEST_F(OperatorCommandTest, SendsTheReasonUnderAFreshKeyAndPrintsTheAnswer) {
  std::vector<http::Request> seen;
  FakeDaemon daemon(socket(), [&](const http::Request& r) {
    seen.push_back(r);
    return http::json_response(R"({"accepted":true,"message":"saving, then pausing"})");
  });
  const Done first = run_here(pause, {"--reason", "power cut at noon"});
  const Done second = run_here(pause, {"--dry-run"});
  daemon.stop();
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_EQ(first.output, "saving, then pausing\n");
  EXPECT_EQ(second.output, "would be accepted: saving, then pausing\n");
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].path, "/api/v1/commands/pause");
  EXPECT_EQ(json::value(json::parse_object(seen[0].body).value()),
            json::parse(R"({"reason":"power cut at noon","dry_run":false})").value());
  EXPECT_EQ(json::parse_object(seen[1].body).value().at("dry_run"), true);
  EXPECT_NE(*seen[0].header("idempotency-key"), *seen[1].header("idempotency-key"));
}

TEST_F(OperatorCommandTest, WhatCannotBeDoneNowIsSaidAndIsBadUsage) {
  FakeDaemon daemon(
      socket(), [](const http::Request&) { return http::problem(409, "Conflict", "the run is complete"); });
  const Done done = run_here(pause);
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.output, "");
  EXPECT_EQ(done.errors, "longhaul: the run is complete\n");
}

TEST_F(OperatorCommandTest, WithoutADaemonItsExitCodeIsFour) {
  const Done done = run_here(pause);
  EXPECT_EQ(done.exit_code, 4);
  EXPECT_THAT(done.errors, HasSubstr("no daemon answers"));
}

TEST_F(OperatorCommandTest, BadUsageIsTwo) {
  EXPECT_EQ(run_here(pause, {"now"}).exit_code, 2);
  EXPECT_EQ(run_here(pause, {"--froce"}).exit_code, 2);
  EXPECT_EQ(run(pause, {"--run-dir", folder_ / "elsewhere"}).exit_code, 2);
}

}  // namespace
}  // namespace longhaul::daemon
