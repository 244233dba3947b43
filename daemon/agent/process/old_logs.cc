#include "daemon/agent/process/old_logs.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <vector>

#include "base/core/generation.h"
#include "base/posix/file.h"

namespace longhaul::daemon {

Result<> remove_old_logs(const std::string& logs, size_t keep) {
  LH_ASSIGN(const std::vector<std::string> names, list_directory(logs));
  std::vector<Generation> launches;
  for (const std::string& name : names) {
    if (const auto generation = parse_generation(name)) launches.push_back(*generation);
  }
  std::sort(launches.begin(), launches.end(), std::greater<>());
  for (size_t i = keep; i < launches.size(); ++i) {
    std::error_code error;
    std::filesystem::remove_all(logs + "/" + launches[i].text(), error);
    if (error)
      return Error{ErrorCode::kIo, "remove the logs of " + launches[i].text() + ": " + error.message()};
  }
  return {};
}

}  // namespace longhaul::daemon
