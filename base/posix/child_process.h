// Starts child processes the careful way: a descriptor for the exit (pidfd), no leaked descriptors, an
// error instead of a child that dies of a missing executable.
// Thread-safety: call from one thread only, and from one that lives as long as the children should:
// a death signal is sent when the *thread* that started the child ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul {

struct ChildSpec {
  std::vector<std::string> argv;         // argv[0] without a slash is looked up in PATH of `environment`
  std::vector<std::string> environment;  // "NAME=value"; all there is, nothing is inherited
  std::string working_directory;         // empty: the parent's
  int stdin_fd = -1;                     // -1: /dev/null, for each of the three
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::vector<int> inherited_fds;  // keep their numbers; every other descriptor ≥ 3 is closed by exec
  bool own_session = false;        // the child becomes a session and group leader: its pid names both
  int death_signal = 0;            // sent to the child when the starting thread ends; 0: none
};

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable once the child has ended
};

struct ExitStatus {
  int exit_code = -1;  // -1: ended by a signal
  int signal = 0;      // 0: ended by itself
};

// Returns once the new program runs. kNotFound: no such executable; kIo: what the system said.
Result<Child> spawn_child(const ChildSpec& spec);

// Reaps. wait blocks; try_wait gives nothing while the child runs.
Result<ExitStatus> wait_child(pid_t pid);
Result<std::optional<ExitStatus>> try_wait_child(pid_t pid);

// This process's environment as a list.
std::vector<std::string> current_environment();

}  // namespace longhaul
