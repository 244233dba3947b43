// Logging without spdlog in headers (it costs seconds a file). Messages are formatted by the caller
// with fmt::format. Thread-safe. Each program calls log_start once, in main.
#pragma once

#include <string>
#include <string_view>

namespace longhaul {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// program: put in front of each line. file: appended to when not empty, standard error otherwise.
void log_start(std::string_view program, const std::string& file = "", LogLevel level = LogLevel::kInfo);
void log_line(LogLevel level, std::string_view message);

inline void log_debug(std::string_view m) { log_line(LogLevel::kDebug, m); }
inline void log_info(std::string_view m) { log_line(LogLevel::kInfo, m); }
inline void log_warning(std::string_view m) { log_line(LogLevel::kWarning, m); }
inline void log_error(std::string_view m) { log_line(LogLevel::kError, m); }

}  // namespace longhaul
