#include "trainer/data/languages.h"

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

TEST(LanguageOfFolder, SpellingsOfOneLanguageMeet) {
  for (const char* folder : {"de", "de-DE", "de_DE"}) EXPECT_EQ(language_of_folder(folder), "de");
  for (const char* folder : {"C", "en", "en-US"}) EXPECT_EQ(language_of_folder(folder), "en");
  EXPECT_EQ(language_of_folder("pt-BR"), "pt_BR");
  EXPECT_EQ(language_of_folder("pt"), "pt");
  EXPECT_EQ(language_of_folder("zh-TW"), "zh_TW");
}

TEST(LanguageOfFolder, VariantsAndOtherFoldersAreNone) {
  for (const char* folder :
       {"sr@latin", "ca@valencia", "en_GB", "copyright", "changelog.gz", "", "x", "DE", "de-de"}) {
    EXPECT_EQ(language_of_folder(folder), std::nullopt) << folder;
  }
}

TEST(LanguageName, IsForPeopleAndNeverEmpty) {
  EXPECT_EQ(language_name("pt_BR"), "Brazilian Portuguese");
  EXPECT_EQ(language_name("xx"), "xx");
}

}  // namespace
}  // namespace longhaul::trainer::data
