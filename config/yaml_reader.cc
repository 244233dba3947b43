#include "config/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "base/core/text.h"

namespace longhaul::config {
namespace {

std::string at(const std::string& file, const YAML::Mark& mark) {
  return fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

std::string shown(const YAML::Node& value) {
  if (value.IsNull()) return "empty";
  if (value.IsMap()) return "a mapping";
  if (value.IsSequence()) return "a list";
  return "'" + value.Scalar() + "'";
}

Error wrong(const std::string& file, const YAML::Node& value, const std::string& name,
            const std::string& wanted) {
  return invalid(fmt::format("{}: {} is {}; it must be {}", at(file, value.Mark()), name,
                             as_text(shown(value)), wanted));
}

// yaml-cpp marks a plain scalar with the tag "?", a quoted one with "!", others with the tag that they have.
bool is_plain_scalar(const YAML::Node& value) { return value.IsScalar() && value.Tag() == "?"; }

// 010: eight to some, ten to others.
bool has_leading_zero(const std::string& s) {
  const size_t first = !s.empty() && s[0] == '-' ? 1 : 0;
  return s.size() > first + 1 && s[first] == '0' && s[first + 1] >= '0' && s[first + 1] <= '9';
}

template <class Integer>
bool parse_integer(const std::string& s, Integer* out) {
  if (has_leading_zero(s)) return false;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), *out);
  return error == std::errc() && end == s.data() + s.size();
}

std::string nearest(const std::string& key, const std::vector<Field>& fields) {
  const auto distance = [](std::string_view a, std::string_view b) {  // Levenshtein
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i);
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    return row.back();
  };
  std::string best;
  size_t best_distance = 4;
  for (const Field& field : fields) {
    const size_t d = distance(key, field.key);
    if (d < best_distance) best = field.key, best_distance = d;
  }
  return best;
}

Error unknown_key(const YAML::Node& key, const std::string& prefix, const std::string& file,
                  const std::vector<Field>& fields) {
  std::vector<std::string> allowed;
  for (const Field& field : fields) allowed.push_back(field.key);
  const std::string guess = nearest(key.Scalar(), fields);
  return invalid(fmt::format("{}: unknown key {}{}{}; allowed here: {}", at(file, key.Mark()), prefix,
                             key.Scalar(), guess.empty() ? "" : " (did you mean " + guess + "?)",
                             fmt::join(allowed, ", ")));
}

Result<> read_fields(const YAML::Node& node, const std::string& prefix, const std::string& file,
                     const std::vector<Field>& fields) {
  if (!node.IsMap()) {
    return wrong(file, node, prefix.empty() ? "the file" : prefix.substr(0, prefix.size() - 1),
                 "a mapping of keys to values");
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return wrong(file, entry.first, prefix + "(key)", "a plain word");
    const std::string key = entry.first.Scalar();
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == key; });
    if (field == fields.end()) return unknown_key(entry.first, prefix, file, fields);
    if (!seen.insert(key).second) {
      return invalid(
          fmt::format("{}: {}{} is given twice; once is right", at(file, entry.first.Mark()), prefix, key));
    }
    LH_TRY(field->read(entry.second, prefix + key, file));
  }
  for (const Field& field : fields) {
    if (field.need == Need::kRequired && !seen.contains(field.key)) {
      return invalid(
          fmt::format("{}: {}{} is missing; it is required", at(file, node.Mark()), prefix, field.key));
    }
  }
  return {};
}

template <class Integer>
Field integer_field(std::string key, Integer* out, int64_t least, int64_t most, Need need) {
  return {std::move(key), need,
          [=](const YAML::Node& value, const std::string& name, const std::string& file) -> Result<> {
            int64_t parsed = 0;
            if (is_plain_scalar(value) && parse_integer(value.Scalar(), &parsed) && parsed >= least &&
                parsed <= most) {
              *out = static_cast<Integer>(parsed);
              return {};
            }
            return wrong(file, value, name, fmt::format("a whole number from {} to {}", least, most));
          }};
}

}  // namespace

Field integer(std::string key, int64_t* out, int64_t least, int64_t most, Need need) {
  return integer_field(std::move(key), out, least, most, need);
}
Field integer(std::string key, int* out, int64_t least, int64_t most, Need need) {
  return integer_field(std::move(key), out, least, most, need);
}

Field integer(std::string key, uint64_t* out, Need need) {
  return {std::move(key), need,
          [=](const YAML::Node& value, const std::string& name, const std::string& file) -> Result<> {
            if (is_plain_scalar(value) && parse_integer(value.Scalar(), out)) return {};
            return wrong(file, value, name, "a whole number from 0 to 18446744073709551615");
          }};
}

Field number(std::string key, double* out, double least, double most, Need need) {
  return {
      std::move(key), need,
      [=](const YAML::Node& value, const std::string& name, const std::string& file) -> Result<> {
        double parsed = 0;
        const std::string s = value.IsScalar() ? value.Scalar() : "";
        const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), parsed);
        const bool whole = !has_leading_zero(s) && error == std::errc() && end == s.data() + s.size();
        if (is_plain_scalar(value) && whole && std::isfinite(parsed) && parsed >= least && parsed <= most) {
          *out = parsed;
          return {};
        }
        return wrong(file, value, name, fmt::format("a number from {} to {}", least, most));
      }};
}

Field text(std::string key, std::string* out, Need need) {
  return {std::move(key), need,
          [=](const YAML::Node& value, const std::string& name, const std::string& file) -> Result<> {
            if (!value.IsScalar() || value.Scalar().empty())
              return wrong(file, value, name, "a text that is not empty");
            // It goes into JSON, and a page that gets what is none shows nothing at all.
            if (!is_utf8(value.Scalar())) return wrong(file, value, name, "a text in UTF-8");
            *out = value.Scalar();
            return {};
          }};
}

Field choice(std::string key, std::string* out, std::vector<std::string> allowed, Need need) {
  return {
      std::move(key), need,
      [out, allowed = std::move(allowed)](const YAML::Node& value, const std::string& name,
                                          const std::string& file) -> Result<> {
        if (!value.IsScalar() || std::find(allowed.begin(), allowed.end(), value.Scalar()) == allowed.end()) {
          return wrong(file, value, name, fmt::format("one of: {}", fmt::join(allowed, ", ")));
        }
        *out = value.Scalar();
        return {};
      }};
}

Field text_list(std::string key, std::vector<std::string>* out, Need need) {
  return {std::move(key), need,
          [=](const YAML::Node& value, const std::string& name, const std::string& file) -> Result<> {
            if (!value.IsSequence()) return wrong(file, value, name, "a list of texts");
            out->clear();
            for (const auto& entry : value) {
              if (!entry.IsScalar()) return wrong(file, entry, name, "a list of texts");
              out->push_back(entry.Scalar());
            }
            return {};
          }};
}

Field section(std::string key, std::vector<Field> fields, Need need) {
  return {std::move(key), need,
          [fields = std::move(fields)](const YAML::Node& value, const std::string& name,
                                       const std::string& file) -> Result<> {
            return read_fields(value, name + ".", file, fields);
          }};
}

Field section_list(std::string key, std::function<std::vector<Field>()> element, Need need) {
  return {std::move(key), need,
          [element = std::move(element)](const YAML::Node& value, const std::string& name,
                                         const std::string& file) -> Result<> {
            if (!value.IsSequence() || value.size() == 0)
              return wrong(file, value, name, "a list with at least one entry");
            size_t index = 0;
            for (const auto& entry : value) {
              LH_TRY(read_fields(entry, fmt::format("{}[{}].", name, index++), file, element()));
            }
            return {};
          }};
}

Result<> read_mapping(const std::string& yaml, const std::string& file, const std::vector<Field>& fields) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() != 1) {
      return invalid(
          fmt::format("{}:1:1: holds {} YAML documents; it must hold one", file, documents.size()));
    }
    return read_fields(documents.front(), "", file, fields);
  } catch (const YAML::Exception& e) {
    return invalid(fmt::format("{}: not valid YAML: {}", at(file, e.mark), e.msg));
  }
}

std::string location_of(const std::string& yaml, const std::string& file, std::string_view dotted_name) {
  try {
    YAML::Node node = YAML::Load(yaml);
    YAML::Mark mark = node.Mark();
    while (!dotted_name.empty()) {
      const size_t dot = std::min(dotted_name.find('.'), dotted_name.size());
      const std::string key(dotted_name.substr(0, dot));
      dotted_name.remove_prefix(std::min(dot + 1, dotted_name.size()));
      if (!node.IsMap() || !node[key]) break;
      node.reset(node[key]);
      mark = node.Mark();
    }
    return at(file, mark);
  } catch (const YAML::Exception&) {
    return file;
  }
}

}  // namespace longhaul::config
