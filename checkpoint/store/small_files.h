// Whole small files and folders through the FileSystem port. Thread-safe (no state).
#pragma once

#include <string>

#include "base/core/file_system.h"
#include "base/json/json.h"

namespace longhaul::checkpoint {

Result<bool> exists(FileSystem& files, const std::string& path);
Result<std::string> read_whole_file(FileSystem& files, const std::string& path);
// A document somebody else may have written: kNotFound when absent, kCorrupt when not a JSON object.
Result<json::object> read_document(FileSystem& files, const std::string& path);
// A new file, synced; its name is durable only after the folder's sync. Removed again after an error.
Result<> write_new_file(FileSystem& files, const std::string& path, const std::string& content);

}  // namespace longhaul::checkpoint
