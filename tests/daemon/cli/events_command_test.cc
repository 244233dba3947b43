#include <charconv>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json/json.h"
#include "base/posix/file.h"
#include "daemon/cli/commands.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/fake_daemon.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;

// As the daemon pages: ids after `after`, oldest first, at most `limit`.
http::Response page_of(const http::Request& r, int64_t count) {
  const auto number = [&](const char* name) {
    int64_t value = 0;
    const std::string& text = *r.parameter(name);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  json::array events;
  const int64_t first = number("after") + 1;
  for (int64_t id = first; id <= count && id < first + number("limit"); ++id)
    events.push_back(json::object{
        {"id", id}, {"at", "t"}, {"step", id}, {"severity", "info"}, {"title", "Saved."}, {"detail", ""}});
  return http::json_response(json::to_text(json::object{{"events", events}}));
}

using EventsCommandTest = CommandTest;

TEST_F(EventsCommandTest, PrintsEveryEventOnceHoweverManyPagesTheyAre) {
  for (const int64_t count : {0, 1, 199, 200, 201, 450}) {
    FakeDaemon daemon(socket(), [&](const http::Request& r) { return page_of(r, count); });
    std::string expected;
    for (int64_t id = 1; id <= count; ++id) expected += fmt::format("t  step {:>6}  info       Saved.\n", id);
    const Done done = run_here(events_command);
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_EQ(done.output, expected) << count;
  }
}

// In a process of its own: it follows until it is killed.
TEST_F(EventsCommandTest, FollowingAPageThatFailsIsAskedForAgainAndNothingIsPrintedTwice) {
  const std::string file = folder_ / "followed";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open(file.c_str(), O_WRONLY | O_CREAT, 0644), 1);
    while (!path_exists(socket())) ::usleep(1000);
    std::vector<std::string> words{"--follow", "--run-dir", folder_.path()};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::_exit(events_command(static_cast<int>(argv.size()), argv.data()));
  }
  bool failed = false;
  FakeDaemon daemon(socket(), [&](const http::Request& r) {
    if (*r.parameter("after") == "0" || std::exchange(failed, true)) return page_of(r, 250);
    return http::problem(503, "Unavailable", "the second page, once");
  });
  std::string followed;
  for (int i = 0; i < 3000 && followed.find("step    250") == std::string::npos; ++i) {
    ::usleep(10'000);
    followed = folder_.read("followed");
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  daemon.stop();
  EXPECT_TRUE(failed);
  EXPECT_EQ(std::count(followed.begin(), followed.end(), '\n'), 250);
}

TEST_F(EventsCommandTest, AsJsonEachLineIsAnEvent) {
  FakeDaemon daemon(socket(), [](const http::Request& r) { return page_of(r, 2); });
  const std::string output = run_here(events_command, {"--json"}).output;
  const std::string first = output.substr(0, output.find('\n'));
  EXPECT_EQ(json::parse_object(first).value().at("id"), 1);
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 2);
}

TEST_F(EventsCommandTest, WithoutADaemonTheExitCodeIsFourAndWithBadUsageTwo) {
  EXPECT_EQ(run_here(events_command).exit_code, 4);
  EXPECT_EQ(run_here(events_command, {"today"}).exit_code, 2);
}

}  // namespace
}  // namespace longhaul::daemon
