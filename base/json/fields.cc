#include "base/json/fields.h"

#include <fmt/format.h>

namespace longhaul::json {

void Reader::wrong(const char* name, const value& found, const std::string& must_be) {
  std::string shown = to_text(found);
  if (shown.size() > 80) shown = shown.substr(0, 77) + "...";
  status = invalid(fmt::format("field '{}' is {}; it must be {}", name, shown, must_be));
}

}  // namespace longhaul::json
