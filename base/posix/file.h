// Small whole-file helpers whose writes survive a power cut. Thread-safe (no state).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace longhaul {

Result<std::string> read_file(const std::string& path);

// temporary file → fsync → rename → fsync of the folder: after success the whole content is there for
// good, after a failure or a power cut the old one is.
Result<> write_file_durably(const std::string& path, std::string_view content, int mode = 0644);

// temporary file → fsync → link(2) → fsync of the folder: the content appears whole or not at all.
// kConflict when the path exists: exactly one caller ever wins.
Result<> create_file_exclusively(const std::string& path, std::string_view content);

Result<> make_directories(const std::string& path);
Result<> sync_directory(const std::string& path);
bool path_exists(const std::string& path);
// Names (not paths) in a folder, sorted; without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);
Result<> write_all(int fd, std::string_view bytes, const std::string& name);

}  // namespace longhaul
