#include "checkpoint/store/small_files.h"

#include <gtest/gtest.h>

#include "tests/support/simulated_file_system.h"

namespace longhaul::checkpoint {
namespace {

TEST(SmallFiles, TellsAMissingDocumentFromABrokenOne) {
  SimulatedFileSystem disk;
  disk.put_file("/d/good", R"({"a":1})");
  disk.put_file("/d/bad", R"({"a":)");
  EXPECT_EQ(read_document(disk, "/d/good").value().at("a").as_int64(), 1);
  EXPECT_EQ(read_document(disk, "/d/bad").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read_document(disk, "/d/none").error().code, ErrorCode::kNotFound);
}

TEST(SmallFiles, DoesNotTakeAnUnreadablePathForAMissingOne) {
  SimulatedFileSystem disk;
  disk.put_file("/d/f", "");
  EXPECT_TRUE(exists(disk, "/d/f").value());
  EXPECT_FALSE(exists(disk, "/d/g").value());
  disk.fail_at(disk.operations(), ErrorCode::kIo);
  EXPECT_FALSE(exists(disk, "/d/f").has_value());
}

TEST(SmallFiles, RemovesAFileItCouldNotSync) {
  SimulatedFileSystem disk;
  disk.put_file("/d/f", "");
  disk.fail_at(2, ErrorCode::kIo);  // create, write, sync
  EXPECT_FALSE(write_new_file(disk, "/d/g", "content"));
  EXPECT_FALSE(exists(disk, "/d/g").value());
}

}  // namespace
}  // namespace longhaul::checkpoint
