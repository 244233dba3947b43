// Keeps a daemon running in the foreground, as systemd does in production: starts longhauld, starts it
// again when it dies of anything but its own decision, shows progress, and passes Ctrl-C on as the
// operator's stop (the second one forces).
#pragma once

#include <string>

namespace longhaul::daemon {

struct KeeperOptions {
  std::string run_directory;
  std::string state_folder;
  std::string node_root;
  std::string daemon_program;
  bool exit_when_done = false;
};

// Blocks until the daemon ends by its own decision. Prints progress to standard output; the last line is
// "steps=… restarts=… lost_steps=… loss_digest=… …". Returns the daemon's exit code; 3 when forced,
// or when the daemon was ended by somebody else after this was asked to end.
int keep_daemon(const KeeperOptions& options);

}  // namespace longhaul::daemon
