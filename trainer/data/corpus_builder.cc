#include "trainer/data/corpus_builder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "trainer/data/corpus_digests.h"
#include "trainer/data/corpus_text.h"
#include "trainer/data/indexed_dataset_writer.h"
#include "trainer/data/languages.h"

namespace longhaul::trainer::data {
namespace {

namespace fs = std::filesystem;

Result<CorpusLanguage> write_language(const std::string& code, const LanguageText& text,
                                      const std::string& folder) {
  const std::string prefix = folder + "/" + code;
  LH_ASSIGN(auto writer, IndexedDatasetWriter::create(prefix, token_type_for(kByteVocabularySize)));
  std::vector<int32_t> tokens;
  for (const auto& document : text.documents) {
    tokens.clear();
    for (const char c : document) tokens.push_back(static_cast<uint8_t>(c));
    tokens.push_back(kEndOfText);
    LH_TRY(writer.add_document(tokens));
  }
  LH_TRY(writer.finish());
  LH_ASSIGN(const std::string bytes, read_file(prefix + ".bin"));
  CorpusLanguage about;
  about.code = code;
  about.name = language_name(code);
  about.documents = static_cast<int64_t>(text.documents.size());
  about.lines = text.lines;
  about.untranslated_lines = text.untranslated_lines;
  about.repeated_lines = text.repeated_lines;
  about.tokens = writer.tokens();
  about.sha256 = sha256_hex(bytes);
  return about;
}

void set_weights(std::vector<CorpusLanguage>& languages, double exponent) {
  double total = 0;
  for (auto& language : languages) {
    language.weight = std::pow(static_cast<double>(language.tokens), exponent);
    total += language.weight;
  }
  // Six digits are what data.yaml shows; a weight means the same wherever it is read.
  for (auto& language : languages) language.weight = std::round(language.weight / total * 1e6) / 1e6;
  std::stable_sort(languages.begin(), languages.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
}

std::string corpus_json(const CorpusReport& report, const CorpusOptions& options) {
  json::array corpora;
  for (const auto& l : report.languages) {
    corpora.push_back(json::object{{"path", l.code},
                                   {"language", l.name},
                                   {"weight", l.weight},
                                   {"tokens", l.tokens},
                                   {"documents", l.documents},
                                   {"lines", l.lines},
                                   {"untranslated_lines", l.untranslated_lines},
                                   {"repeated_lines", l.repeated_lines},
                                   {"sha256", l.sha256}});
  }
  json::array left_out(report.left_out.begin(), report.left_out.end());
  return json::to_text(json::object{{"version", 1},
                                    {"vocabulary_size", kByteVocabularySize},
                                    {"weight_exponent", options.weight_exponent},
                                    {"tokens", report.tokens},
                                    {"corpora", std::move(corpora)},
                                    {"left_out", std::move(left_out)}}) +
         "\n";
}

std::string data_yaml(const CorpusReport& report) {
  std::string yaml = "data:\n  corpora:\n";
  for (const auto& l : report.languages) {
    yaml += fmt::format("    - {{path: {}, name: \"{}\", weight: {:.6f}}}  # {:.2f} MB\n", l.code, l.name,
                        l.weight, static_cast<double>(l.tokens) / 1e6);
  }
  return yaml;
}

// What is at out_dir may be replaced when it is a corpus or empty: never a folder of something else.
Result<> check_replaceable(const std::string& out_dir) {
  if (!path_exists(out_dir) || path_exists(out_dir + "/" + kCorpusDigests)) return {};
  LH_ASSIGN(const auto names, list_directory(out_dir));
  if (names.empty()) return {};
  return Error{
      ErrorCode::kConflict,
      fmt::format("{} is not empty and no corpus (no {}): choose another folder", out_dir, kCorpusDigests)};
}

Result<> swap_in(const std::string& built, const std::string& out_dir) {
  std::error_code error;
  const std::string old = fmt::format("{}.old-{}", out_dir, ::getpid());
  if (path_exists(out_dir)) fs::rename(out_dir, old, error);
  if (!error) fs::rename(built, out_dir, error);
  if (error) return Error{ErrorCode::kIo, fmt::format("put {} in place: {}", out_dir, error.message())};
  fs::remove_all(old, error);  // left behind it costs space only
  return {};
}

Result<CorpusReport> build_into(const std::string& text_dir, const std::string& folder,
                                const CorpusOptions& options) {
  LH_ASSIGN(const auto documents, find_documents(text_dir));
  const auto english_files = documents.find("en");
  if (english_files == documents.end()) {
    return Error{
        ErrorCode::kNotFound,
        text_dir + ": no English text (<source>/en, en-US or C), which translations are compared with"};
  }
  LH_ASSIGN(const Lines english, all_lines(english_files->second));
  CorpusReport report;
  for (const auto& [code, files] : documents) {
    LH_ASSIGN(const LanguageText text,
              read_language(files, code == "en" ? nullptr : &english, options.min_document_bytes));
    if (text.bytes < options.min_language_bytes) {
      report.left_out.push_back(code);
      continue;
    }
    LH_ASSIGN(CorpusLanguage about, write_language(code, text, folder));
    report.tokens += about.tokens;
    report.languages.push_back(std::move(about));
  }
  if (report.languages.empty()) return invalid(text_dir + ": no language has enough text");
  set_weights(report.languages, options.weight_exponent);
  LH_TRY(write_file_durably(folder + "/corpus.json", corpus_json(report, options)));
  LH_TRY(write_file_durably(folder + "/data.yaml", data_yaml(report)));
  LH_TRY(write_corpus_digests(folder));
  return report;
}

}  // namespace

Result<CorpusReport> build_corpus(const std::string& text_dir, const std::string& out_dir,
                                  const CorpusOptions& options) {
  LH_TRY(check_replaceable(out_dir));
  const std::string building = fmt::format("{}.building-{}", out_dir, ::getpid());
  LH_TRY(make_directories(building));
  auto report = build_into(text_dir, building, options);
  if (report) {
    if (auto swapped = swap_in(building, out_dir); !swapped) report = std::move(swapped).error();
  }
  std::error_code ignored;
  if (!report) fs::remove_all(building, ignored);
  return report;
}

}  // namespace longhaul::trainer::data
