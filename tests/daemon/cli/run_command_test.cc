#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "base/posix/lock_file.h"
#include "config/load.h"
#include "daemon/cli/commands.h"
#include "daemon/runtime/term/term.h"
#include "tests/daemon/cli/command_fixture.h"

namespace longhaul::daemon {
namespace {

using testing::HasSubstr;

// No longhauld lies beside this test's program: a run that gets so far ends there, with exit code 3.
class RunCommandTest : public CommandTest {
 protected:
  RunCommandTest() { ::sigprocmask(SIG_SETMASK, nullptr, &before_); }
  ~RunCommandTest() override { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }  // the keeper changed it
  sigset_t before_{};
};

TEST_F(RunCommandTest, WhatAPersonCanGetWrongIsFoundBeforeAnythingIsTouched) {
  const std::string there = folder_ / "there";
  EXPECT_EQ(run(run_command, {}).exit_code, 2);
  EXPECT_EQ(run(run_command, {folder_ / "other.yaml", "--run-dir", there}).exit_code, 2);
  const Done corpus = run(run_command, {folder_ / "run.yaml", "--run-dir", there});
  EXPECT_EQ(corpus.exit_code, 2);
  EXPECT_THAT(corpus.errors, HasSubstr("corpus/en"));
  folder_.write("bad.yaml", config::with(config::example_yaml(), "nodes: 2", "nodes: 3"));
  const Done topology = run(run_command, {folder_ / "bad.yaml", "--run-dir", there});
  EXPECT_EQ(topology.exit_code, 2);
  EXPECT_THAT(topology.errors, HasSubstr("the two must be equal"));
  EXPECT_FALSE(std::filesystem::exists(there));
}

TEST_F(RunCommandTest, TheConfigurationIsInstalledInTheRunDirectoryWhereDaemonAndRanksReadIt) {
  const std::string there = folder_ / "there";
  for (const char* name : {"en.bin", "en.idx", "de.bin", "de.idx"})
    folder_.write(std::string("there/corpus/") + name, "x");
  const Done done = run(run_command, {folder_ / "run.yaml", "--run-dir", there, "--exit"});
  EXPECT_EQ(folder_.read("there/run.yaml"), config::example_yaml());
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.errors, HasSubstr("/longhauld"));
}

TEST_F(RunCommandTest, ARunningDaemonKeepsTheConfigurationThatItHas) {
  const std::string there = folder_ / "there";
  for (const char* name : {"en.bin", "en.idx", "de.bin", "de.idx"})
    folder_.write(std::string("there/corpus/") + name, "x");
  const std::string elsewhere = config::example_yaml() + "paths: {state: elsewhere}\n";
  for (const std::string& before : {config::example_yaml(), elsewhere}) {
    const std::string state = there + (before == elsewhere ? "/elsewhere" : "/state");
    folder_.write("there/run.yaml", before);
    ASSERT_TRUE(make_directories(state));
    const auto daemon = LockFile::acquire(state + "/daemon.lock");
    ASSERT_TRUE(daemon);
    folder_.write("other.yaml",
                  config::with(config::example_yaml(), "target_steps: 200", "target_steps: 300"));
    const Done done = run(run_command, {folder_ / "other.yaml", "--run-dir", there});
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_THAT(done.errors, HasSubstr("another daemon owns this run"));
    EXPECT_EQ(folder_.read("there/run.yaml"), before);
  }
}

TEST_F(RunCommandTest, AnotherRunsDirectoryKeepsItsConfiguration) {
  const std::string there = folder_ / "there";
  for (const char* name : {"en.bin", "en.idx", "de.bin", "de.idx"})
    folder_.write(std::string("there/corpus/") + name, "x");
  folder_.write("there/run.yaml", config::example_yaml());
  ASSERT_TRUE(check_identity(there + "/store", config::load(there + "/run.yaml", there).value()));
  for (const char* more : {"", "paths: {store: elsewhere}\n"}) {
    folder_.write("other.yaml", config::with(config::example_yaml(), "seed: 7", "seed: 8") + more);
    const Done done = run(run_command, {folder_ / "other.yaml", "--run-dir", there});
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_THAT(done.errors, HasSubstr("seed=7, now seed=8"));
    EXPECT_EQ(folder_.read("there/run.yaml"), config::example_yaml());
  }
}

TEST_F(RunCommandTest, WithoutARunDirectoryItIsTheFolderOfTheFile) {
  write_corpora();
  const Done done = run(run_command, {folder_ / "run.yaml"});
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(folder_.read("run.yaml"), config::example_yaml());
}

}  // namespace
}  // namespace longhaul::daemon
