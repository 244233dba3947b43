#include "trainer/data/corpus_builder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "trainer/data/indexed_dataset.h"
#include "trainer/data/languages.h"
#include "trainer/data/text_extract.h"

namespace longhaul::trainer::data {
namespace {

namespace fs = std::filesystem;
using Lines = std::unordered_set<std::string>;

constexpr const char* kSums = "SHA256SUMS";

bool is_text(const fs::path& path) {
  const auto ending = path.extension();
  return ending == ".html" || ending == ".page" || ending == ".txt";
}

// Language code → its files, sorted, so that equal folders make equal corpora.
Result<std::map<std::string, std::vector<fs::path>>> find_documents(const std::string& text_dir) {
  std::map<std::string, std::vector<fs::path>> found;
  std::error_code error;
  for (const auto& source : fs::directory_iterator(text_dir, error)) {
    if (!source.is_directory()) continue;
    for (const auto& locale : fs::directory_iterator(source.path(), error)) {
      const auto language = language_of_folder(locale.path().filename().string());
      if (!language || !locale.is_directory()) continue;
      for (const auto& file : fs::recursive_directory_iterator(locale.path(), error)) {
        if (file.is_regular_file() && is_text(file.path())) found[*language].push_back(file.path());
      }
    }
  }
  if (error) return Error{ErrorCode::kIo, fmt::format("read {}: {}", text_dir, error.message())};
  for (auto& [language, files] : found) std::sort(files.begin(), files.end());
  return found;
}

Result<std::vector<std::string>> document_lines(const fs::path& path) {
  LH_ASSIGN(const std::string content, read_file(path.string()));
  return extract_lines(content);
}

// Everything that is kept of one language.
struct Text {
  CorpusLanguage about;
  std::vector<std::string> documents;
  int64_t bytes = 0;
};

Result<Text> read_language(const std::string& code, const std::vector<fs::path>& files, const Lines* english,
                           const CorpusOptions& options) {
  Text text;
  text.about.code = code;
  text.about.name = language_name(code);
  Lines seen;
  for (const auto& file : files) {
    LH_ASSIGN(const auto lines, document_lines(file));
    std::string document;
    int64_t kept = 0;
    for (const auto& line : lines) {
      if (english != nullptr && english->contains(line)) {
        ++text.about.untranslated_lines;
      } else if (!seen.insert(line).second) {
        ++text.about.repeated_lines;
      } else {
        document += line;
        document += '\n';
        ++kept;
      }
    }
    if (static_cast<int64_t>(document.size()) < options.min_document_bytes) continue;
    text.about.lines += kept;
    text.bytes += static_cast<int64_t>(document.size());
    text.documents.push_back(std::move(document));
  }
  return text;
}

Result<> write_language(Text& text, const std::string& folder) {
  const std::string prefix = folder + "/" + text.about.code;
  LH_ASSIGN(auto writer, IndexedDatasetWriter::create(prefix, token_type_for(kByteVocabularySize)));
  std::vector<int32_t> tokens;
  for (const auto& document : text.documents) {
    tokens.clear();
    for (const char c : document) tokens.push_back(static_cast<uint8_t>(c));
    tokens.push_back(kEndOfText);
    LH_TRY(writer.add_document(tokens));
  }
  LH_TRY(writer.finish());
  text.about.documents = static_cast<int64_t>(text.documents.size());
  text.about.tokens = writer.tokens();
  LH_ASSIGN(const std::string bytes, read_file(prefix + ".bin"));
  text.about.sha256 = sha256_hex(bytes);
  return {};
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
    yaml += fmt::format("    - {{path: {}, weight: {:.6f}}}  # {}, {:.2f} MB\n", l.code, l.weight, l.name,
                        static_cast<double>(l.tokens) / 1e6);
  }
  return yaml;
}

Result<> write_sums(const std::string& folder) {
  LH_ASSIGN(const auto names, list_directory(folder));
  std::string sums;
  for (const auto& name : names) {
    LH_ASSIGN(const std::string bytes, read_file(folder + "/" + name));
    sums += sha256_hex(bytes) + "  " + name + "\n";  // as sha256sum(1) writes it, so that it can check it
  }
  return write_file_durably(folder + "/" + kSums, sums);
}

// What is at out_dir may be replaced when it is a corpus or empty: never a folder of something else.
Result<> check_replaceable(const std::string& out_dir) {
  if (!path_exists(out_dir) || path_exists(out_dir + "/" + kSums)) return {};
  LH_ASSIGN(const auto names, list_directory(out_dir));
  if (names.empty()) return {};
  return Error{ErrorCode::kConflict,
               fmt::format("{} is not empty and no corpus (no {}): choose another folder", out_dir, kSums)};
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
  Lines english;
  for (const auto& file : english_files->second) {
    LH_ASSIGN(auto lines, document_lines(file));
    for (auto& line : lines) english.insert(std::move(line));
  }
  CorpusReport report;
  for (const auto& [code, files] : documents) {
    LH_ASSIGN(Text text, read_language(code, files, code == "en" ? nullptr : &english, options));
    if (text.bytes < options.min_language_bytes) {
      report.left_out.push_back(code);
      continue;
    }
    LH_TRY(write_language(text, folder));
    report.tokens += text.about.tokens;
    report.languages.push_back(std::move(text.about));
  }
  if (report.languages.empty()) return invalid(text_dir + ": no language has enough text");
  set_weights(report.languages, options.weight_exponent);
  LH_TRY(write_file_durably(folder + "/corpus.json", corpus_json(report, options)));
  LH_TRY(write_file_durably(folder + "/data.yaml", data_yaml(report)));
  LH_TRY(write_sums(folder));
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

Result<> verify_corpus(const std::string& dir) {
  LH_ASSIGN(std::string sums, read_file(dir + "/" + kSums));
  for (std::string_view rest = sums; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.size() < 67 || line.substr(64, 2) != "  ")
      return corrupt(dir + "/" + kSums + ": not sha256sum's format");
    const std::string path = dir + "/" + std::string(line.substr(66));
    LH_ASSIGN(const std::string bytes, read_file(path));
    if (sha256_hex(bytes) != line.substr(0, 64)) return corrupt(path + ": differs from " + kSums);
  }
  return {};
}

}  // namespace longhaul::trainer::data
