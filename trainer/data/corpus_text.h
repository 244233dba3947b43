// Which lines of many manuals are worth learning from. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/core/result.h"

namespace longhaul::trainer::data {

using Lines = std::unordered_set<std::string>;

// Language code → its documents below text_dir/<source>/<locale>/, sorted, so that equal folders make equal
// corpora.
Result<std::map<std::string, std::vector<std::filesystem::path>>> find_documents(const std::string& text_dir);

Result<Lines> all_lines(const std::vector<std::filesystem::path>& files);

// What is kept of one language, one string a document.
struct LanguageText {
  std::vector<std::string> documents;
  int64_t bytes = 0;
  int64_t lines = 0;
  int64_t untranslated_lines = 0;  // dropped: in `english`
  int64_t repeated_lines = 0;      // dropped: seen before in this language
};

// english: null for English itself.
Result<LanguageText> read_language(const std::vector<std::filesystem::path>& files, const Lines* english,
                                   int64_t min_document_bytes);

}  // namespace longhaul::trainer::data
