// A whole life of longhauld: configuration, the lock of the run directory, the supervisor, signals.
#pragma once

#include <string>

namespace longhaul::daemon {

// Ended by a signal: it has left, and the ranks run on until a daemon comes back for them.
inline constexpr int kExitLeft = 75;

struct DaemonArguments {
  std::string run_directory;   // holds run.yaml
  std::string program_folder;  // where longhaul-agent is
  bool exit_when_done = false;
  bool fresh = false;  // --fresh: a person starts the run, also after a stop or a halt
};

// Blocks. Exit code: 0 done or stopped; 2 bad configuration, or another daemon owns the run; 3 halted.
// SIGTERM and SIGINT end the daemon and leave the ranks running: the next daemon finds them.
int run_daemon(const DaemonArguments& arguments);

}  // namespace longhaul::daemon
