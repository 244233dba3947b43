#include "daemon/runtime/journal/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sqlite/database.h"
#include "daemon/engine/codec.h"
#include "tests/daemon/core/scenario.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

class SqliteJournalTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteJournal> open() { return SqliteJournal::open(path_).value(); }
  int64_t append(SqliteJournal& journal, const Event& event) {
    const auto decision = decide(story_.state, event, Inputs{story_.now_ms, "", 0}, story_.policy);
    story_.state = decision.next;
    return journal.append(event, Inputs{story_.now_ms, "", 0}, decision).value();
  }
  static std::vector<std::string> kinds(const std::vector<SqliteJournal::Announced>& list) {
    std::vector<std::string> kinds;
    for (const auto& a : list) kinds.push_back(a.announce.kind);
    return kinds;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "journal.db";
  Scenario story_;
};

TEST_F(SqliteJournalTest, ANewRunHasNoStateAndALaterDaemonFindsTheLastOne) {
  int64_t last = 0;
  {
    const auto journal = open();
    EXPECT_FALSE(journal->load().value().has_value());
    append(*journal, DaemonStarted{1, 0});
    last = append(*journal, AgentConnected{"node-0", "i", {}});
  }
  const auto again = open();
  const auto loaded = again->load().value();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(to_json(*loaded), to_json(story_.state));
  EXPECT_EQ(append(*again, DeadlinePassed{}), last + 1);
}

TEST_F(SqliteJournalTest, KnowsItsFileAndItsRunAgain) {
  const std::string uuid = open()->uuid();
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(open()->belongs_to("run-1").value(), "run-1");
  EXPECT_EQ(open()->belongs_to("run-2").value(), "run-1");
  EXPECT_EQ(open()->uuid(), uuid);
}

TEST_F(SqliteJournalTest, WhatWasToBeToldIsFoundFromAnyPositionOn) {
  const auto journal = open();
  append(*journal, DaemonStarted{1, 0});
  append(*journal, AgentConnected{"node-0", "i", {}});
  story_.now_ms += 5;
  append(*journal, OperatorCommand{"pause", "me", ""});
  const auto all = journal->announcements_after(0).value();
  ASSERT_THAT(kinds(all), testing::ElementsAre("run_started", "paused"));
  EXPECT_EQ(all[0].at_ms + 5, all[1].at_ms);
  EXPECT_EQ(all[0].id.term, 1);
  EXPECT_THAT(kinds(journal->announcements_after(all[0].id.position()).value()),
              testing::ElementsAre("paused"));
  EXPECT_THAT(journal->announcements_after(all[1].id.position()).value(), testing::IsEmpty());
}

TEST_F(SqliteJournalTest, AFileOfVersion1IsTakenUpAndNothingOfItIsToldAgain) {
  {
    auto db = sqlite::Database::open(path_).value();
    ASSERT_TRUE(db.execute(R"(
      CREATE TABLE entry(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, term INTEGER NOT NULL,
        event TEXT NOT NULL, reasons TEXT NOT NULL, actions TEXT NOT NULL);
      CREATE TABLE snapshot(id INTEGER PRIMARY KEY CHECK(id = 1), entry INTEGER NOT NULL, state TEXT NOT NULL);
      CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
      INSERT INTO meta VALUES('version', 1);
      INSERT INTO entry VALUES(1, 7, 1, '{}', '[]',
        '[{"action":"announce","kind":"old","severity":"info","title":"","detail":"","node":""}]');)"));
  }
  const auto journal = open();
  EXPECT_THAT(journal->announcements_after(0).value(), testing::IsEmpty());
  EXPECT_EQ(append(*journal, DaemonStarted{1, 0}), 2);
  EXPECT_THAT(kinds(journal->announcements_after(0).value()), testing::ElementsAre("run_started"));
}

TEST_F(SqliteJournalTest, AFileOfANewerVersionIsRefused) {
  open();
  {
    auto db = sqlite::Database::open(path_).value();
    ASSERT_TRUE(db.execute("UPDATE meta SET value = 99 WHERE key = 'version'"));
  }
  const auto opened = SqliteJournal::open(path_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace longhaul::daemon
