#include "trainer/data/languages.h"

#include <algorithm>
#include <array>
#include <utility>

namespace longhaul::trainer::data {
namespace {

using Name = std::pair<std::string_view, std::string_view>;
constexpr std::array<Name, 49> kNames = {{
    {"ar", "Arabic"},
    {"as", "Assamese"},
    {"ca", "Catalan"},
    {"cs", "Czech"},
    {"da", "Danish"},
    {"de", "German"},
    {"el", "Greek"},
    {"en", "English"},
    {"es", "Spanish"},
    {"eu", "Basque"},
    {"fa", "Persian"},
    {"fi", "Finnish"},
    {"fr", "French"},
    {"gl", "Galician"},
    {"gu", "Gujarati"},
    {"he", "Hebrew"},
    {"hi", "Hindi"},
    {"hr", "Croatian"},
    {"hu", "Hungarian"},
    {"id", "Indonesian"},
    {"it", "Italian"},
    {"ja", "Japanese"},
    {"kn", "Kannada"},
    {"ko", "Korean"},
    {"lt", "Lithuanian"},
    {"lv", "Latvian"},
    {"ml", "Malayalam"},
    {"mr", "Marathi"},
    {"nb", "Norwegian"},
    {"nl", "Dutch"},
    {"pa", "Punjabi"},
    {"pl", "Polish"},
    {"pt", "Portuguese"},
    {"ro", "Romanian"},
    {"ru", "Russian"},
    {"sk", "Slovak"},
    {"sl", "Slovenian"},
    {"sr", "Serbian"},
    {"sv", "Swedish"},
    {"ta", "Tamil"},
    {"te", "Telugu"},
    {"tr", "Turkish"},
    {"uk", "Ukrainian"},
    {"vi", "Vietnamese"},
    {"zh", "Chinese"},
    {"bg", "Bulgarian"},
    {"pt_BR", "Brazilian Portuguese"},
    {"zh_CN", "Chinese"},
    {"zh_TW", "Traditional Chinese"},
}};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

std::optional<std::string> language_of_folder(std::string_view folder) {
  if (folder == "C") return "en";
  const bool has_language = folder.size() >= 2 && is_lower(folder[0]) && is_lower(folder[1]);
  if (!has_language) return std::nullopt;
  std::string language(folder.substr(0, 2));
  if (folder.size() == 2) return language;
  const bool has_region = folder.size() == 5 && (folder[2] == '-' || folder[2] == '_') &&
                          is_upper(folder[3]) && is_upper(folder[4]);
  if (!has_region) return std::nullopt;
  const std::string region(folder.substr(3));
  if (language == "en") return region == "US" ? std::optional(language) : std::nullopt;
  // Written differently enough to be languages of their own.
  if ((language == "pt" && region == "BR") || language == "zh") return language + "_" + region;
  return language;
}

std::string language_name(std::string_view code) {
  const auto* found =
      std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.first == code; });
  return std::string(found == kNames.end() ? code : found->second);
}

}  // namespace longhaul::trainer::data
