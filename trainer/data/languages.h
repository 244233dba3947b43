// The languages of the text that comes with Debian, and how its packages spell their folders.
// Thread-safe (no state).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longhaul::trainer::data {

// A package's locale folder → one code for all packages: "de-DE" → "de", "C" and "en-US" → "en",
// "pt-BR" → "pt_BR", "zh-CN" → "zh_CN". Nothing for a variant that would only repeat its language
// ("sr@latin", "en_GB") and for what is no language.
std::optional<std::string> language_of_folder(std::string_view folder);

// "de" → "German"; a code without a name is its own name.
std::string language_name(std::string_view code);

}  // namespace longhaul::trainer::data
