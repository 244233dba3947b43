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

http::Response answer(const http::Request& r) {
  if (r.path == "/api/v1/run")
    return http::json_response(
        R"({"run":"demo","state":"training","step":7,"target_steps":200,"nodes":{"healthy":1}})");
  if (r.path == "/api/v1/nodes")
    return http::json_response(
        R"({"nodes":[{"name":"node-0","state":"healthy","agent_pid":4711,
                      "ranks":[{"rank":0,"pid":4712,"state":"running","step":7}]}]})");
  return http::problem(404, "Not found", r.path);
}

using StatusCommandTest = CommandTest;

TEST_F(StatusCommandTest, PrintsTheRunWithItsNodes) {
  FakeDaemon daemon(socket(), answer);
  const Done done = run_here(status_command);
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.output, testing::StartsWith("demo: training, step 7 of 200\n"));
  EXPECT_THAT(done.output, HasSubstr("node-0     healthy    rank 0 (running, step 7)\n"));
}

TEST_F(StatusCommandTest, AsJsonTheNodesComeWithTheirProcessIdsAndTheCountsAreKept) {
  FakeDaemon daemon(socket(), answer);
  const Done done = run_here(status_command, {"--json"});
  EXPECT_EQ(done.exit_code, 0);
  const json::object run = json::parse_object(done.output).value();
  EXPECT_EQ(run.at("step"), 7);
  EXPECT_EQ(run.at("nodes").at(0).at("agent_pid"), 4711);
  EXPECT_EQ(run.at("nodes").at(0).at("ranks").at(0).at("pid"), 4712);
  EXPECT_EQ(run.at("node_counts").at("healthy"), 1);
}

TEST_F(StatusCommandTest, NodesAreShownAloneToo) {
  FakeDaemon daemon(socket(), answer);
  EXPECT_EQ(run_here(nodes_command).output, "  node-0     healthy    rank 0 (running, step 7)\n");
  const Done as_json = run_here(nodes_command, {"--json"});
  EXPECT_EQ(json::parse_object(as_json.output).value().at("nodes").at(0).at("agent_pid"), 4711);
}

TEST_F(StatusCommandTest, WithoutADaemonTheExitCodeIsFourAndWithBadUsageTwo) {
  EXPECT_EQ(run_here(status_command).exit_code, 4);
  EXPECT_EQ(run_here(nodes_command).exit_code, 4);
  EXPECT_EQ(run_here(status_command, {"now"}).exit_code, 2);
  EXPECT_EQ(run_here(status_command, {"--jsno"}).exit_code, 2);
  EXPECT_EQ(run_here(nodes_command, {"node-0"}).exit_code, 2);
}

}  // namespace
}  // namespace longhaul::daemon
