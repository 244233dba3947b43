#include "base/json/fields.h"

#include <fmt/format.h>

#include "base/core/text.h"

namespace longhaul::json {

void Reader::wrong(const char* name, const value& found, const std::string& must_be) {
  status = invalid(fmt::format("field '{}' is {}; it must be {}", name, shorten(to_text(found)), must_be));
}

}  // namespace longhaul::json
