#include "daemon/agent/process/rank_records.h"

#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(RankRecordsTest, ComeBackAsTheyWereSaved) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/ranks.json";
  EXPECT_EQ(*load_rank_records(path), RankRecords{});
  const RankRecords records{{3, 7}, {{{{3, 7}, 0}, 1234, 5678}, {{{3, 7}, 1}, 0, 0}}};
  ASSERT_TRUE(save_rank_records(path, records));
  EXPECT_EQ(*load_rank_records(path), records);
}

TEST(RankRecordsTest, ADamagedFileIsAnErrorNotAnEmptyList) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/ranks.json";
  for (const char* text : {"", "{", "{}", R"({"newest":"x","ranks":[]})", R"({"newest":"1.1","ranks":[3]})",
                           R"({"newest":"1.1","ranks":[{"generation":"1.1","rank":0}]})"}) {
    ASSERT_TRUE(write_file_durably(path, text));
    EXPECT_FALSE(load_rank_records(path)) << text;
  }
}

}  // namespace
}  // namespace longhaul::daemon
