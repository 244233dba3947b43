#include "trainer/data/corpus_digests.h"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::trainer::data {
namespace {

using testing::HasSubstr;

TEST(VerifyCorpus, AFlippedByteAndAMissingFileAreFound) {
  const TemporaryFolder folder;
  folder.write("corpus/de.bin", "tokens");
  folder.write("corpus/de.idx", "index");
  ASSERT_TRUE(write_corpus_digests(folder / "corpus"));
  EXPECT_TRUE(verify_corpus(folder / "corpus"));
  folder.write("corpus/de.bin", "tokenz");
  const auto changed = verify_corpus(folder / "corpus");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(changed.error().message, HasSubstr("de.bin"));
  std::filesystem::remove(folder / "corpus/de.bin");
  EXPECT_EQ(verify_corpus(folder / "corpus").error().code, ErrorCode::kNotFound);
}

TEST(VerifyCorpus, AFolderThatIsNotFinishedIsNoCorpus) {
  const TemporaryFolder folder;
  folder.write("corpus/de.bin", "tokens");
  EXPECT_EQ(verify_corpus(folder / "corpus").error().code, ErrorCode::kNotFound);
  folder.write("corpus/SHA256SUMS", "nonsense\n");
  EXPECT_EQ(verify_corpus(folder / "corpus").error().code, ErrorCode::kCorrupt);
}

TEST(WriteCorpusDigests, Sha256sumAgrees) {
  const TemporaryFolder folder;
  folder.write("corpus/de.bin", std::string("\0\1\xff", 3));
  ASSERT_TRUE(write_corpus_digests(folder / "corpus"));
  const std::string command = "cd '" + (folder / "corpus") + "' && sha256sum --check --status SHA256SUMS";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace longhaul::trainer::data
