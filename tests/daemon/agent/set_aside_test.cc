#include "daemon/agent/set_aside.h"

#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(SetAside, KeepsTheSpoolForgetsTheRestAndCanBeDoneAgain) {
  TemporaryFolder folder;
  AgentPaths paths;
  paths.spool = folder / "spool/entries.jsonl";
  paths.rank_records = folder / "ranks.json";
  paths.memory = folder / "agent.json";
  folder.write("spool/entries.jsonl", "told");
  folder.write("ranks.json", "{}");
  folder.write("agent.json", "{}");
  ASSERT_TRUE(set_aside(paths, "a"));
  EXPECT_EQ(folder.read("spool/entries.jsonl.a"), "told");
  for (const std::string& path : {paths.spool, paths.rank_records, paths.memory})
    EXPECT_FALSE(path_exists(path)) << path;
  // A power cut in the middle: the next life has a spool again, and another suffix.
  folder.write("spool/entries.jsonl", "new");
  ASSERT_TRUE(set_aside(paths, "b"));
  EXPECT_EQ(folder.read("spool/entries.jsonl.a"), "told");
  EXPECT_EQ(folder.read("spool/entries.jsonl.b"), "new");
}

}  // namespace
}  // namespace longhaul::daemon
