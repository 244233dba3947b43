#include "base/posix/process_table.h"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/posix/child_process.h"
#include "base/posix/file.h"

namespace longhaul {
namespace {

TEST(ProcessTableTest, KnowsThisProcess) {
  const auto info = process_info(::getpid());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->parent, ::getppid());
  EXPECT_EQ(info->group, ::getpgrp());
  EXPECT_EQ(info->session, ::getsid(0));
  EXPECT_GT(info->start_ticks, 0u);
  EXPECT_EQ(process_info(::getpid())->start_ticks, info->start_ticks);
  const auto all = all_processes();
  EXPECT_NE(std::find(all.begin(), all.end(), ::getpid()), all.end());
  EXPECT_FALSE(process_info(0x7ffffff0));
}

TEST(ProcessTableTest, ReadsANameThatLooksLikeTheRestOfTheLine) {
  ChildSpec spec;
  // The name between the parentheses is the script's: "a) R 1 1 1".
  spec.argv = {"/bin/sh", "-c",
               "printf 'a) R 1 1 1' > /proc/self/comm; exec 3<>/dev/null; while :; do sleep 0.01; done"};
  spec.environment = current_environment();
  spec.own_session = true;
  auto child = spawn_child(spec);
  ASSERT_TRUE(child);
  const auto renamed = [&] { return *read_file(fmt::format("/proc/{}/comm", child->pid)) == "a) R 1 1 1\n"; };
  for (int i = 0; i < 1000 && !renamed(); ++i) ::usleep(10'000);
  ASSERT_TRUE(renamed());
  const auto info = process_info(child->pid);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_EQ(info->session, child->pid);
  signal_session(child->pid, SIGKILL);
  EXPECT_TRUE(wait_child(child->pid));
}

TEST(ProcessTableTest, ReadsAnEnvironmentAndSignalsAWholeSession) {
  ChildSpec spec;
  spec.argv = {"/bin/sh", "-c", "sleep 60 & sleep 60 & wait"};
  spec.environment = {"MARK=a b", "PATH=/usr/bin:/bin"};
  spec.own_session = true;
  auto child = spawn_child(spec);
  ASSERT_TRUE(child);
  const auto environment = environment_of(child->pid);
  EXPECT_NE(std::find(environment.begin(), environment.end(), "MARK=a b"), environment.end());
  int members = 0;
  for (int i = 0; i < 500 && members < 3; ++i, ::usleep(10'000)) members = signal_session(child->pid, 0);
  EXPECT_EQ(members, 3);
  signal_session(child->pid, SIGKILL);
  EXPECT_EQ(wait_child(child->pid)->signal, SIGKILL);
  for (int i = 0; i < 500 && members > 0; ++i, ::usleep(10'000)) members = signal_session(child->pid, 0);
  EXPECT_EQ(members, 0);
}

}  // namespace
}  // namespace longhaul
