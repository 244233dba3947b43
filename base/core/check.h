// CHECK(condition): a bug if false; prints where and aborts. Stays on in release, because a supervisor
// that goes on with broken invariants is worse than one that is restarted.
#pragma once

namespace longhaul {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::longhaul::check_failed(#condition, __FILE__, __LINE__))
