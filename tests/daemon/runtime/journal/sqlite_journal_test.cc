#include "daemon/runtime/journal/sqlite_journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/engine/codec.h"
#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

TEST(SqliteJournal, ANewRunHasNoStateAndALaterDaemonFindsTheLastOne) {
  const std::string path = testing::TempDir() + "journal" + std::to_string(getpid()) + ".db";
  ::unlink(path.c_str());
  Scenario s;
  int64_t last = 0;
  {
    auto journal = SqliteJournal::open(path).value();
    EXPECT_FALSE(journal->load().value().has_value());
    for (const Event& event : {Event(DaemonStarted{1, 0}), Event(AgentConnected{"node-0", "i", {}})}) {
      const auto decision = decide(s.state, event, Inputs{s.now_ms}, s.policy);
      last = journal->append(event, Inputs{s.now_ms}, decision).value();
      s.state = decision.next;
    }
  }
  auto again = SqliteJournal::open(path).value();
  const auto loaded = again->load().value();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(to_json(*loaded), to_json(s.state));
  EXPECT_EQ(again->append(DeadlinePassed{}, Inputs{1}, Decision{}).value(), last + 1);
}

}  // namespace
}  // namespace longhaul::daemon
