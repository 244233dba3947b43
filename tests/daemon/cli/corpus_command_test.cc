#include "daemon/cli/corpus_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/cli/command_fixture.h"
#include "trainer/data/corpus_digests.h"

namespace longhaul::daemon {
namespace {

using testing::HasSubstr;
using CorpusCommandTest = CommandTest;

TEST_F(CorpusCommandTest, VerifyTellsWhetherEveryFileIsAsItWasBuilt) {
  write_corpora();
  ASSERT_TRUE(trainer::data::write_corpus_digests(folder_ / "corpus"));
  EXPECT_EQ(run(corpus_command, {"verify", folder_ / "corpus"}).exit_code, 0);
  folder_.write("corpus/de.bin", "y");
  const Done changed = run(corpus_command, {"verify", folder_ / "corpus"});
  EXPECT_EQ(changed.exit_code, 5);
  EXPECT_THAT(changed.errors, HasSubstr("de.bin"));
}

TEST_F(CorpusCommandTest, TextThatIsNotThereIsBadInputAndNothingIsBuilt) {
  EXPECT_EQ(run(corpus_command, {"build", folder_ / "nothing", "--out", folder_ / "out"}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/SHA256SUMS"));
}

TEST_F(CorpusCommandTest, BadUsageIsTwoAndShowsHow) {
  const std::vector<std::string> bad[] = {
      {}, {"verify"}, {"build", "x"}, {"build", "x", "--to", "y"}, {"unpack", "x"}, {"verify", "x", "y"}};
  for (const auto& words : bad) {
    const Done done = run(corpus_command, words);
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_THAT(done.errors, HasSubstr("usage: longhaul corpus"));
  }
}

}  // namespace
}  // namespace longhaul::daemon
