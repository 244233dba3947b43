// How many files and sockets this process may have open. Not thread-safe: call it at the start.
#pragma once

#include <cstdint>

namespace longhaul {

// Raises the soft limit to the hard one and gives what holds then; INT64_MAX: no limit.
int64_t raise_descriptor_limit();

}  // namespace longhaul
