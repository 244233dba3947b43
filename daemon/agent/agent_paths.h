// Where an agent keeps its things: <paths.node>/<node>/. Thread-safe (no state).
#pragma once

#include <string>

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::daemon {

struct AgentPaths {
  std::string folder;
  std::string spool;         // spool/entries.jsonl
  std::string logs;          // agent.log and <generation>/rank-N.{out,err}
  std::string memory;        // agent.json
  std::string lock;          // agent.lock
  std::string pid;           // agent.pid
  std::string rank_records;  // ranks.json
  std::string socket;        // sockets/agent.sock, or a short path elsewhere
  std::string daemon_document;
  std::string key_file;
};

// Pure. temporary: where a socket goes when the usual path is longer than the system allows (107 bytes).
AgentPaths agent_paths(const config::Paths& paths, const std::string& node, const std::string& temporary);
// Makes the folders; the socket's with mode 0700.
Result<> make_agent_folders(const AgentPaths& paths);

}  // namespace longhaul::daemon
