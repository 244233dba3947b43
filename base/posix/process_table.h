// Other processes as /proc shows them. Every answer is already old: pids are reused, so pair a pid with
// its start time before acting on it. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace longhaul {

struct ProcessInfo {
  pid_t pid = 0;
  char state = '?';  // R, S, D, T, Z …
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  uint64_t start_ticks = 0;  // since boot; with the pid it names one process for good
};

std::optional<ProcessInfo> process_info(pid_t pid);  // nothing: no such process
std::vector<pid_t> all_processes();
// The environment a process was started with, "NAME=value"; empty when it is gone or not ours to read.
std::vector<std::string> environment_of(pid_t pid);

// Sends `signal` to every process of the session (and group) that `leader` leads or led. Zombies don't
// count. Returns how many were signalled. Only for a session known to be ours: a leader not yet reaped,
// or members recognized by other means.
int signal_session(pid_t leader, int signal);

}  // namespace longhaul
