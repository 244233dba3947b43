#include "base/posix/descriptor_limit.h"

#include <algorithm>
#include <limits>

#include <sys/resource.h>

namespace longhaul {

int64_t raise_descriptor_limit() {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kNone;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  if (limit.rlim_cur == RLIM_INFINITY) return kNone;
  return static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(kNone)));
}

}  // namespace longhaul
