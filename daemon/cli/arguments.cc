#include "daemon/cli/arguments.h"

namespace longhaul::daemon {

Result<Arguments> parse_arguments(int argc, char** argv, const std::set<std::string>& flags,
                                  const std::set<std::string>& with_value) {
  Arguments a;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (!word.starts_with("--")) {
      a.words.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::string value;
    if (with_value.contains(name)) {
      if (equals != std::string::npos) {
        value = word.substr(equals + 1);
      } else if (i + 1 < argc) {
        value = argv[++i];
      } else {
        return invalid("--" + name + " needs a value");
      }
    } else if (!flags.contains(name) || equals != std::string::npos) {
      return invalid("unknown option '" + word + "'");
    }
    if (!a.options.emplace(name, value).second) return invalid("--" + name + " is given twice");
  }
  return a;
}

}  // namespace longhaul::daemon
