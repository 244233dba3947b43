// agent.json: the newest daemon that this node has obeyed. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

#include "base/core/result.h"

namespace longhaul::daemon {

struct DaemonIdentity {
  std::string run;   // UUID of the run it was a daemon of
  int64_t term = 0;  // 0: none yet
  std::string uuid;

  bool operator==(const DaemonIdentity&) const = default;
};

Result<DaemonIdentity> load_daemon_identity(const std::string& path);  // no file: none yet
Result<> save_daemon_identity(const std::string& path, const DaemonIdentity& identity);

}  // namespace longhaul::daemon
