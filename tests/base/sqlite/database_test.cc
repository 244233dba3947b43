#include "base/sqlite/database.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace longhaul::sqlite {
namespace {

TEST(Database, KeepsWhatATransactionCommittedAndDropsWhatFailed) {
  const TemporaryFolder folder;
  auto db = Database::open(folder / "txn.db").value();
  ASSERT_TRUE(db.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT)"));
  ASSERT_TRUE(db.transaction([&]() -> Result<> { return db.execute("INSERT INTO t VALUES(1,'one')"); }));
  const auto failed = db.transaction([&]() -> Result<> {
    LH_TRY(db.execute("INSERT INTO t VALUES(2,'two')"));
    return db.execute("INSERT INTO t VALUES(1,'again')");
  });
  EXPECT_EQ(failed.error().code, ErrorCode::kConflict);
  auto rows = db.prepare("SELECT count(*), max(v) FROM t").value();
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.as_int(0), 1);
  EXPECT_EQ(rows.as_text(1), "one");
}

TEST(Database, BindsAndReadsEveryType) {
  const TemporaryFolder folder;
  auto db = Database::open(folder / "types.db").value();
  ASSERT_TRUE(db.execute("CREATE TABLE t(a,b,c,d)"));
  auto insert = db.prepare("INSERT INTO t VALUES(?,?,?,?)").value();
  ASSERT_TRUE(
      insert.bind(1, int64_t{1} << 60).bind(2, 0.1).bind(3, std::string("x\0y", 3)).bind_null(4).run());
  auto row = db.prepare("SELECT * FROM t").value();
  ASSERT_TRUE(row.step().value());
  EXPECT_EQ(row.as_int(0), int64_t{1} << 60);
  EXPECT_EQ(row.as_double(1), 0.1);
  EXPECT_EQ(row.as_text(2), std::string("x\0y", 3));
  EXPECT_TRUE(row.is_null(3));
}

}  // namespace
}  // namespace longhaul::sqlite
