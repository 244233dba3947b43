// errno as an Error that names what was tried on which path.
#pragma once

#include <string>

#include "base/core/result.h"

namespace longhaul {

// Uses errno unless given. ENOSPC and EDQUOT become kNoSpace, ENOENT kNotFound, EEXIST kConflict.
Error errno_error(const std::string& what, int error_number = 0);

}  // namespace longhaul
