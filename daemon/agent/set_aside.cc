#include "daemon/agent/set_aside.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul::daemon {
namespace {

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Result<> remove_durably(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + path);
  return sync_directory(folder_of(path));
}

}  // namespace

// agent.json says whose files these are: it goes last.
Result<> set_aside(const AgentPaths& paths, const std::string& suffix) {
  const std::string kept = paths.spool + "." + suffix;
  if (std::rename(paths.spool.c_str(), kept.c_str()) != 0 && errno != ENOENT)
    return errno_error("rename " + paths.spool);
  LH_TRY(sync_directory(folder_of(paths.spool)));
  LH_TRY(remove_durably(paths.rank_records));
  return remove_durably(paths.memory);
}

}  // namespace longhaul::daemon
