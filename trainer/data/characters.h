// Characters of marked-up text: entities become UTF-8, and what is not UTF-8 becomes U+FFFD.
// Thread-safe (no state).
#pragma once

#include <string>
#include <string_view>

namespace longhaul::trainer::data {

// "&amp;" "&#228;" "&#xE4;" and the named entities of HTML that manuals use; others stay as they are.
std::string decode_entities(std::string_view text);

// Each byte that is no part of a UTF-8 sequence (also overlong ones and surrogates) becomes U+FFFD.
std::string repair_utf8(std::string_view text);

}  // namespace longhaul::trainer::data
