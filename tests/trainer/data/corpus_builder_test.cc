#include "trainer/data/corpus_builder.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json/json.h"
#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"
#include "trainer/data/batch_source.h"
#include "trainer/data/indexed_dataset.h"

namespace longhaul::trainer::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const CorpusOptions kSmall{.weight_exponent = 0.7, .min_language_bytes = 10, .min_document_bytes = 5};

std::string text_of(const std::string& prefix) {
  const auto dataset = IndexedDataset::open(prefix);
  if (!dataset) return dataset.error().message;
  std::vector<int32_t> tokens(static_cast<size_t>(dataset->tokens()));
  EXPECT_TRUE(dataset->read(0, dataset->tokens(), tokens.data()));
  std::string text;
  for (const int32_t token : tokens) text += token == kEndOfText ? '|' : static_cast<char>(token);
  return text;
}

void write_manuals(const TemporaryFolder& folder) {
  folder.write("text/book/en-US/a.html", "<h1>Install</h1><p>Untranslated line</p>");
  folder.write("text/book/de-DE/a.html", "<h1>Installieren</h1><p>Untranslated line</p><p>Größe</p>");
  folder.write("text/book/de-DE/b.html", "<p>Installieren</p><p>Zweite Seite</p>");
  folder.write("text/help/de/c.page", "<page><title>Hilfe zuerst</title></page>");
  folder.write("text/help/C/c.page", "<page><title>Help first</title></page>");
  folder.write("text/help/fi/c.page", "<page><title>Help first</title><p>Ohje</p></page>");
  folder.write("text/help/de/picture.svg", "<svg>not text</svg>");
}

TEST(BuildCorpus, KeepsTranslatedTextOnceAndEndsDocuments) {
  const TemporaryFolder folder;
  write_manuals(folder);
  const auto report = build_corpus(folder / "text", folder / "corpus", kSmall);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(text_of(folder / "corpus/de"), "Installieren\nGröße\n|Zweite Seite\n|Hilfe zuerst\n|");
  EXPECT_EQ(text_of(folder / "corpus/en"), "Install\nUntranslated line\n|Help first\n|");
  EXPECT_THAT(report->left_out, ElementsAre("fi"));  // "Ohje" alone is too little
  ASSERT_EQ(report->languages.size(), 2u);
  const CorpusLanguage& german = report->languages[0];
  EXPECT_EQ(german.name, "German");
  EXPECT_EQ(german.documents, 3);
  EXPECT_EQ(german.lines, 4);
  EXPECT_EQ(german.untranslated_lines, 1);
  EXPECT_EQ(german.repeated_lines, 1);
  EXPECT_NEAR(german.weight + report->languages[1].weight, 1, 2e-6);
  EXPECT_NEAR(
      german.weight / report->languages[1].weight,
      std::pow(static_cast<double>(german.tokens) / static_cast<double>(report->languages[1].tokens), 0.7),
      1e-4);
}

TEST(BuildCorpus, TheFilesSayWhatTheReportSaysAndCanBeTrainedOn) {
  const TemporaryFolder folder;
  write_manuals(folder);
  const auto report = build_corpus(folder / "text", folder / "corpus", kSmall);
  ASSERT_TRUE(report);
  const auto about = json::parse_object(*read_file(folder / "corpus/corpus.json"));
  ASSERT_TRUE(about);
  EXPECT_EQ(*json::get_int(*about, "tokens"), report->tokens);
  EXPECT_THAT(*read_file(folder / "corpus/data.yaml"),
              HasSubstr("    - {path: de, name: \"German\", weight: 0."));
  config::Data data;
  for (const auto& l : report->languages) data.corpora.push_back({folder / ("corpus/" + l.code), l.weight});
  EXPECT_TRUE(BatchSource::open(data, 8, kByteVocabularySize, 42));
}

TEST(BuildCorpus, IsTheSameEveryTimeAndReplacesItsOwnButNothingElse) {
  const TemporaryFolder folder;
  write_manuals(folder);
  ASSERT_TRUE(build_corpus(folder / "text", folder / "corpus", kSmall));
  const std::string first = *read_file(folder / "corpus/SHA256SUMS");
  ASSERT_TRUE(build_corpus(folder / "text", folder / "corpus", kSmall));
  EXPECT_EQ(*read_file(folder / "corpus/SHA256SUMS"), first);
  folder.write("precious/thesis.tex", "years of work");
  const auto refused = build_corpus(folder / "text", folder / "precious", kSmall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(*list_directory(folder / ""), ElementsAre("corpus", "precious", "text"));  // no leftovers
}

TEST(BuildCorpus, WithoutEnglishThereIsNothingToCompareWith) {
  const TemporaryFolder folder;
  folder.write("text/book/de/a.html", "<p>Ein langer Satz</p>");
  const auto report = build_corpus(folder / "text", folder / "corpus", kSmall);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(*list_directory(folder / ""), ElementsAre("text"));
}

}  // namespace
}  // namespace longhaul::trainer::data
