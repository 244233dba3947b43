#include "base/posix/process_table.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/posix/file.h"

namespace longhaul {

std::optional<ProcessInfo> process_info(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  // "pid (name) state ppid …": the name may hold anything, so count from the last parenthesis.
  const size_t close = text->rfind(')');
  if (close == std::string::npos) return std::nullopt;
  ProcessInfo info;
  info.pid = pid;
  unsigned long long start = 0;
  const int read =
      std::sscanf(text->c_str() + close + 1,
                  " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &info.state, &info.parent, &info.group, &info.session, &start);
  if (read != 5) return std::nullopt;
  info.start_ticks = start;
  return info;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const auto names = list_directory("/proc");
  if (!names) return pids;
  for (const std::string& name : *names)
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
      pids.push_back(static_cast<pid_t>(std::stol(name)));
  return pids;
}

std::vector<std::string> environment_of(pid_t pid) {
  std::vector<std::string> entries;
  const auto text = read_file("/proc/" + std::to_string(pid) + "/environ");
  if (!text) return entries;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\0', begin), text->size());
    entries.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return entries;
}

int signal_session(pid_t leader, int signal) {
  int count = 0;
  for (const pid_t pid : all_processes()) {
    const auto info = process_info(pid);
    if (!info || info->state == 'Z' || info->state == 'X') continue;
    if (info->session != leader && info->group != leader) continue;
    if (::kill(pid, signal) == 0) ++count;
  }
  return count;
}

}  // namespace longhaul
