#include "daemon/agent/agent_paths.h"

#include <sys/stat.h>
#include <sys/un.h>

#include "base/crypto/sha256.h"
#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul::daemon {

AgentPaths agent_paths(const config::Paths& paths, const std::string& node, const std::string& temporary) {
  AgentPaths p;
  p.folder = paths.node + "/" + node;
  p.spool = p.folder + "/spool/entries.jsonl";
  p.logs = p.folder + "/logs";
  p.memory = p.folder + "/agent.json";
  p.lock = p.folder + "/agent.lock";
  p.pid = p.folder + "/agent.pid";
  p.rank_records = p.folder + "/ranks.json";
  p.socket = p.folder + "/sockets/agent.sock";
  if (p.socket.size() >= sizeof sockaddr_un{}.sun_path)
    p.socket = temporary + "/longhaul-" + sha256_hex(p.folder, 16) + "/agent.sock";
  p.daemon_document = paths.store + "/documents/daemon.json";
  p.key_file = paths.state + "/cluster.key";
  return p;
}

Result<> make_agent_folders(const AgentPaths& paths) {
  LH_TRY(make_directories(paths.folder + "/spool"));
  LH_TRY(make_directories(paths.logs));
  const std::string sockets = paths.socket.substr(0, paths.socket.rfind('/'));
  LH_TRY(make_directories(sockets));
  if (::chmod(sockets.c_str(), 0700) != 0) return errno_error("chmod " + sockets);
  return {};
}

}  // namespace longhaul::daemon
