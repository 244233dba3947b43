#include "daemon/agent/agent_paths.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "daemon/agent/agent_memory.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(AgentPathsTest, ASocketPathTooLongForTheSystemMovesToAShortOneOfItsOwn) {
  const config::Paths paths{"/s", "/t", "/n"};
  EXPECT_EQ(agent_paths(paths, "node-0", "/tmp").socket, "/n/node-0/sockets/agent.sock");
  const config::Paths deep{"/s", "/t", "/" + std::string(100, 'n')};
  const std::string zero = agent_paths(deep, "node-0", "/tmp").socket;
  EXPECT_LT(zero.size(), 108u);
  EXPECT_EQ(zero.rfind("/tmp/longhaul-", 0), 0u);
  EXPECT_NE(zero, agent_paths(deep, "node-1", "/tmp").socket);
  EXPECT_EQ(zero, agent_paths(deep, "node-0", "/tmp").socket);  // the next life finds it again
}

TEST(AgentPathsTest, OnlyItsOwnerGetsAtTheSocket) {
  TemporaryFolder directory;
  const AgentPaths paths = agent_paths({"", "", directory.path()}, "node-0", "/tmp");
  ASSERT_TRUE(make_agent_folders(paths));
  struct stat info {};
  ASSERT_EQ(::stat((directory.path() + "/node-0/sockets").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST(AgentMemoryTest, IsKept) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/agent.json";
  EXPECT_EQ(*load_daemon_identity(path), DaemonIdentity{});
  ASSERT_TRUE(save_daemon_identity(path, DaemonIdentity{"run", 7, "uuid"}));
  EXPECT_EQ(*load_daemon_identity(path), (DaemonIdentity{"run", 7, "uuid"}));
}

}  // namespace
}  // namespace longhaul::daemon
