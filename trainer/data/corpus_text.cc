#include "trainer/data/corpus_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/posix/file.h"
#include "trainer/data/languages.h"
#include "trainer/data/text_extract.h"

namespace longhaul::trainer::data {
namespace {

namespace fs = std::filesystem;

bool is_text(const fs::path& path) {
  const auto ending = path.extension();
  return ending == ".html" || ending == ".page" || ending == ".txt";
}

Result<std::vector<std::string>> document_lines(const fs::path& path) {
  LH_ASSIGN(const std::string content, read_file(path.string()));
  return extract_lines(content);
}

}  // namespace

Result<std::map<std::string, std::vector<fs::path>>> find_documents(const std::string& text_dir) try {
  std::map<std::string, std::vector<fs::path>> found;
  for (const auto& source : fs::directory_iterator(text_dir)) {
    if (!source.is_directory()) continue;
    for (const auto& locale : fs::directory_iterator(source.path())) {
      const auto language = language_of_folder(locale.path().filename().string());
      if (!language || !locale.is_directory()) continue;
      for (const auto& file : fs::recursive_directory_iterator(locale.path())) {
        if (file.is_regular_file() && is_text(file.path())) found[*language].push_back(file.path());
      }
    }
  }
  for (auto& [language, files] : found) std::sort(files.begin(), files.end());
  return found;
} catch (const fs::filesystem_error& error) {  // the library's only way to report a failing step
  const bool absent = error.code() == std::errc::no_such_file_or_directory;
  return Error{absent ? ErrorCode::kNotFound : ErrorCode::kIo,
               fmt::format("read {}: {}", error.path1().string(), error.code().message())};
}

Result<Lines> all_lines(const std::vector<fs::path>& files) {
  Lines all;
  for (const auto& file : files) {
    LH_ASSIGN(auto lines, document_lines(file));
    for (auto& line : lines) all.insert(std::move(line));
  }
  return all;
}

Result<LanguageText> read_language(const std::vector<fs::path>& files, const Lines* english,
                                   int64_t min_document_bytes) {
  LanguageText text;
  Lines seen;
  for (const auto& file : files) {
    LH_ASSIGN(const auto lines, document_lines(file));
    std::string document;
    int64_t kept = 0;
    for (const auto& line : lines) {
      if (english != nullptr && english->contains(line)) {
        ++text.untranslated_lines;
      } else if (!seen.insert(line).second) {
        ++text.repeated_lines;
      } else {
        document += line;
        document += '\n';
        ++kept;
      }
    }
    if (static_cast<int64_t>(document.size()) < min_document_bytes) continue;
    text.lines += kept;
    text.bytes += static_cast<int64_t>(document.size());
    text.documents.push_back(std::move(document));
  }
  return text;
}

}  // namespace longhaul::trainer::data
