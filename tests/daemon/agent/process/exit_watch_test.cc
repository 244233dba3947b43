#include "daemon/agent/process/exit_watch.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/posix/child_process.h"

namespace longhaul::daemon {
namespace {

TEST(ExitWatchTest, TellsDeathsInTheOrderInWhichTheyHappened) {
  boost::asio::io_context io;
  std::vector<pid_t> ended, expected;
  ExitWatch watch(io, [&](pid_t pid) { ended.push_back(pid); });
  // Started in one order, ending in the reverse one, all before the loop looks.
  for (int i = 0; i < 4; ++i) {
    ChildSpec spec;
    spec.argv = {"/bin/sh", "-c", "sleep 0." + std::to_string(8 - 2 * i)};
    spec.environment = {"PATH=/usr/bin:/bin"};
    auto child = spawn_child(spec);
    ASSERT_TRUE(child);
    expected.insert(expected.begin(), child->pid);
    watch.watch(child->pid, std::move(child->pidfd));
  }
  io.poll();
  ::usleep(1'200'000);
  io.run_for(std::chrono::seconds(5));
  EXPECT_EQ(ended, expected);
  for (const pid_t pid : ended) EXPECT_EQ(wait_child(pid)->exit_code, 0);
}

}  // namespace
}  // namespace longhaul::daemon
