#include "telemetry/history/schema.h"

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry {
namespace {

TEST(Schema, AFileOfANewerVersionIsRefusedAndLeftAlone) {
  const std::string path = fresh_history_path("newer");
  {
    auto db = sqlite::Database::open(path).value();
    ASSERT_TRUE(db.execute("PRAGMA user_version=99"));
  }
  const auto opened = History::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  auto db = sqlite::Database::open(path).value();
  auto tables = db.prepare("SELECT count(*) FROM sqlite_master").value();
  ASSERT_TRUE(tables.step().value());
  EXPECT_EQ(tables.as_int(0), 0);
}

TEST(Schema, AFileOfVersion1GetsWhatItDidNotHave) {
  const std::string path = fresh_history_path("version1");
  ASSERT_TRUE(History::open(path));
  {
    auto db = sqlite::Database::open(path).value();
    ASSERT_TRUE(
        db.execute("DROP TABLE mismatch; INSERT INTO meta VALUES('user.announced:1.1.0','1');"
                   "PRAGMA user_version=1"));
  }
  EXPECT_FALSE(History::open(path).value()->mismatch().value());
  auto db = sqlite::Database::open(path).value();
  auto left = db.prepare("SELECT count(*) FROM meta WHERE key LIKE 'user.%'").value();
  ASSERT_TRUE(left.step().value());
  EXPECT_EQ(left.as_int(0), 0);
}

}  // namespace
}  // namespace longhaul::telemetry
