#include "trainer/data/corpus_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace longhaul::trainer::data {
namespace {

using testing::ElementsAre;

TEST(FindDocuments, LocalesOfAllSourcesMeetUnderOneLanguageInAFixedOrder) {
  const TemporaryFolder folder;
  for (const char* name :
       {"t/book/de-DE/b.html", "t/book/de-DE/deep/a.html", "t/help/de/c.page", "t/help/de/c.png",
        "t/help/sr@latin/c.page", "t/book/copyright/x.txt", "t/stray.html"}) {
    folder.write(name, "x");
  }
  const auto found = find_documents(folder / "t");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_THAT(found->at("de"), ElementsAre(folder / "t/book/de-DE/b.html",
                                           folder / "t/book/de-DE/deep/a.html", folder / "t/help/de/c.page"));
}

TEST(FindDocuments, AFolderThatIsNotThereIsAnError) {
  const auto found = find_documents("/nowhere/at/all");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
}

TEST(ReadLanguage, DropsEnglishAndRepeatedLinesAndShortDocuments) {
  const TemporaryFolder folder;
  folder.write("a.html", "<p>Same</p><p>Neu</p><p>Neu</p><p>Länger als vorher</p>");
  folder.write("b.html", "<p>kurz</p><p>Neu</p>");
  const Lines english = {"Same"};
  const auto text = read_language({folder / "a.html", folder / "b.html"}, &english, 10);
  ASSERT_TRUE(text);
  EXPECT_THAT(text->documents, ElementsAre("Neu\nLänger als vorher\n"));
  EXPECT_EQ(text->lines, 2);
  EXPECT_EQ(text->untranslated_lines, 1);
  EXPECT_EQ(text->repeated_lines, 2);
}

}  // namespace
}  // namespace longhaul::trainer::data
