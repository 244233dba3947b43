// Markup → the text that a person reads: one paragraph, heading, cell or line of code a line. Knows the
// HTML and XHTML of DocBook manuals and the Mallard XML (.page) of GNOME's help. Not a general parser:
// what it does not know as a block it treats as inline, and broken markup never fails, it only reads oddly.
// Thread-safe (no state).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace longhaul::trainer::data {

// Lines of UTF-8 without leading or trailing blanks, none empty. Head, scripts, styles, drawings,
// navigation bars and credits (names and e-mail addresses of people) are left out; entities are decoded;
// blanks collapse, but line ends in <pre> are kept. Bytes that are not UTF-8 become U+FFFD.
std::vector<std::string> extract_lines(std::string_view markup);

}  // namespace longhaul::trainer::data
