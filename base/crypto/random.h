// Entropy from the operating system. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace longhaul {

std::string random_hex(size_t size_bytes);
// RFC 4122 version 4.
std::string random_uuid();
uint64_t random_u64();
// Takes as long for a wrong guess as for a nearly right one.
bool equal_in_constant_time(const std::string& a, const std::string& b);

}  // namespace longhaul
