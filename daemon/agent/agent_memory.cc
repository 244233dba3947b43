#include "daemon/agent/agent_memory.h"

#include "base/json/json.h"
#include "base/posix/file.h"

namespace longhaul::daemon {

Result<DaemonIdentity> load_daemon_identity(const std::string& path) {
  if (!path_exists(path)) return DaemonIdentity{};
  LH_ASSIGN(const std::string text, read_file(path));
  LH_ASSIGN(const json::object o, json::parse_object(text));
  DaemonIdentity identity;
  identity.run = json::string_or(o, "run", "");
  LH_ASSIGN(identity.term, json::get_int(o, "term"));
  LH_ASSIGN(identity.uuid, json::get_string(o, "uuid"));
  return identity;
}

Result<> save_daemon_identity(const std::string& path, const DaemonIdentity& identity) {
  const json::object o{{"run", identity.run}, {"term", identity.term}, {"uuid", identity.uuid}};
  return write_file_durably(path, json::to_text(o) + "\n");
}

}  // namespace longhaul::daemon
