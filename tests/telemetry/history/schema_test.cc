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

}  // namespace
}  // namespace longhaul::telemetry
