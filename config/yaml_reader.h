// Strict reading of one YAML mapping into plain values. Everything yaml-cpp lets pass is refused here:
// unknown and duplicate keys, numbers such as 010, 1_000 or 0x10, a quoted number, an empty value.
// Every error reads "FILE:LINE:COLUMN: section.key is VALUE; it must be …".
// Thread-safety: one reader, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace YAML {
class Node;
}

namespace longhaul::config {

enum class Need { kRequired, kOptional };

// One key of a mapping: how it is called and how its value is taken.
struct Field {
  std::string key;
  Need need;
  std::function<Result<>(const YAML::Node& value, const std::string& name, const std::string& file)> read;
};

Field integer(std::string key, int64_t* out, int64_t least, int64_t most, Need need = Need::kOptional);
Field integer(std::string key, int* out, int64_t least, int64_t most, Need need = Need::kOptional);
Field integer(std::string key, uint64_t* out, Need need = Need::kOptional);
Field number(std::string key, double* out, double least, double most, Need need = Need::kOptional);
Field text(std::string key, std::string* out, Need need = Need::kOptional);
Field choice(std::string key, std::string* out, std::vector<std::string> allowed,
             Need need = Need::kOptional);
Field text_list(std::string key, std::vector<std::string>* out, Need need = Need::kOptional);
Field section(std::string key, std::vector<Field> fields, Need need = Need::kOptional);
// A list of mappings: `element` is called once an entry and gives the fields to read it with.
Field section_list(std::string key, std::function<std::vector<Field>()> element, Need need = Need::kOptional);

// Reads the whole text of `file` (a name for messages).
Result<> read_mapping(const std::string& yaml, const std::string& file, const std::vector<Field>& fields);

// "FILE:LINE:COLUMN" of a dotted name such as "parallel.data", for checks that span several keys.
std::string location_of(const std::string& yaml, const std::string& file, std::string_view dotted_name);

}  // namespace longhaul::config
