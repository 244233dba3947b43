// Words of a command line: options "--name value" or "--name", and the rest. Plain values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace longhaul::daemon {

struct Arguments {
  std::map<std::string, std::string> options;  // without the dashes; flags hold ""
  std::vector<std::string> words;

  bool has(const std::string& name) const { return options.contains(name); }
  std::string get(const std::string& name, const std::string& otherwise = "") const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  }
};

// kInvalid: an option that is in neither set, given twice, or without its value.
Result<Arguments> parse_arguments(int argc, char** argv, const std::set<std::string>& flags,
                                  const std::set<std::string>& with_value);

}  // namespace longhaul::daemon
