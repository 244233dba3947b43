#include "trainer/data/text_extract.h"

#include <algorithm>
#include <array>
#include <utility>

#include "trainer/data/characters.h"

namespace longhaul::trainer::data {
namespace {

using std::string_view;

template <size_t N>
bool is_one_of(string_view word, const std::array<string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Elements whose whole content is no text of the document.
constexpr std::array<string_view, 9> kDropped = {"head", "script", "style", "svg",     "credit",
                                                 "nav",  "years",  "email", "revision"};
constexpr std::array<string_view, 3> kNavigation = {R"(class="navheader")", R"(class="navfooter")",
                                                    R"(class="docnav")"};
constexpr std::array<string_view, 3> kVerbatim = {"pre", "screen", "programlisting"};
// Elements that begin and end a line.
constexpr std::array<string_view, 34> kBlocks = {
    "p",       "div",  "h1",   "h2",     "h3",         "h4",       "h5",    "h6",   "li",
    "ul",      "ol",   "dl",   "dt",     "dd",         "table",    "tr",    "td",   "th",
    "caption", "pre",  "br",   "hr",     "blockquote", "section",  "title", "desc", "item",
    "steps",   "list", "note", "screen", "page",       "subtitle", "body"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

string_view trim(string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

struct Tag {
  std::string name;  // lower case, without a namespace prefix
  bool closes = false;
  bool closes_itself = false;
  bool is_navigation = false;
};

Tag parse_tag(string_view inside) {
  Tag tag;
  if (inside.starts_with('/')) {
    tag.closes = true;
    inside.remove_prefix(1);
  }
  tag.closes_itself = inside.ends_with('/');
  size_t end = 0;
  while (end < inside.size() && !is_blank(inside[end]) && inside[end] != '/') ++end;
  for (const char c : inside.substr(0, end)) {
    tag.name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  if (const size_t colon = tag.name.find(':'); colon != std::string::npos) tag.name.erase(0, colon + 1);
  for (const string_view attribute : kNavigation) {
    if (inside.find(attribute) != string_view::npos) tag.is_navigation = true;
  }
  return tag;
}

class Extractor {
 public:
  std::vector<std::string> run(string_view markup) {
    while (!markup.empty()) {
      const size_t open = markup.find('<');
      text(markup.substr(0, open));
      if (open == string_view::npos) break;
      markup.remove_prefix(open);
      markup.remove_prefix(consume_markup(markup));
    }
    end_line();
    return std::move(lines_);
  }

 private:
  // Handles what begins with '<'; returns how many bytes it takes.
  size_t consume_markup(string_view rest) {
    if (rest.starts_with("<!--")) return length_until(rest, "-->");
    if (rest.starts_with("<![CDATA[")) {
      const size_t length = length_until(rest, "]]>");
      if (dropping_.empty()) append(rest.substr(9, length - std::min<size_t>(length, 12)));
      return length;
    }
    if (rest.starts_with("<!") || rest.starts_with("<?")) return length_until(rest, ">");
    const size_t length = length_until(rest, ">");
    handle(parse_tag(rest.substr(1, length - std::min<size_t>(length, 2))));
    return length;
  }

  static size_t length_until(string_view text, string_view end) {
    const size_t at = text.find(end);
    return at == string_view::npos ? text.size() : at + end.size();
  }

  void handle(const Tag& tag) {
    if (!dropping_.empty()) {
      // Only tags of the dropped element itself count, so that its content may be as broken as it likes.
      if (tag.name == dropping_ && !tag.closes_itself) depth_ += tag.closes ? -1 : 1;
      if (depth_ == 0) dropping_.clear();
      return;
    }
    if (is_one_of(tag.name, kBlocks)) end_line();
    if (is_one_of(tag.name, kVerbatim)) verbatim_ = !tag.closes && !tag.closes_itself;
    const bool drops = is_one_of(tag.name, kDropped) || tag.is_navigation;
    if (drops && !tag.closes && !tag.closes_itself) {
      dropping_ = tag.name;
      depth_ = 1;
    }
  }

  void text(string_view raw) {
    if (dropping_.empty()) append(decode_entities(raw));
  }

  void append(string_view decoded) {
    for (const char c : decoded) {
      if (verbatim_ && c == '\n') {
        end_line();
      } else if (!is_blank(c)) {
        line_ += c;
      } else if (!line_.empty() && line_.back() != ' ') {
        line_ += ' ';
      }
    }
  }

  void end_line() {
    if (const string_view text = trim(line_); !text.empty()) lines_.push_back(repair_utf8(text));
    line_.clear();
  }

  std::vector<std::string> lines_;
  std::string line_;
  std::string dropping_;  // the element whose content is being skipped
  int depth_ = 0;
  bool verbatim_ = false;
};

}  // namespace

std::vector<std::string> extract_lines(std::string_view markup) { return Extractor().run(markup); }

}  // namespace longhaul::trainer::data
