#include "daemon/agent/process/leftovers.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <set>

#include <unistd.h>

#include "base/posix/process_table.h"

namespace longhaul::daemon {

std::vector<pid_t> find_leftovers(const std::vector<RankRecord>& records, const std::string& agent_socket) {
  std::set<pid_t> sessions;  // led by a process that is certainly a recorded rank
  for (const RankRecord& record : records) {
    if (record.pid <= 1) continue;
    const auto info = process_info(static_cast<pid_t>(record.pid));
    if (info && info->start_ticks == record.start_ticks) sessions.insert(info->pid);
  }
  // A rank whose leader is gone is recognized by what it was started with, so is one that was started
  // but never recorded.
  const std::string mark = "LONGHAUL_SOCKET=" + agent_socket;
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    if (pid == ::getpid() || pid <= 1) continue;
    const auto info = process_info(pid);
    if (!info || info->state == 'Z' || info->state == 'X') continue;
    bool ours = sessions.count(info->session) != 0 || sessions.count(pid) != 0;
    if (!ours && !agent_socket.empty()) {
      const auto environment = environment_of(pid);
      ours = std::find(environment.begin(), environment.end(), mark) != environment.end();
    }
    if (ours) found.push_back(pid);
  }
  return found;
}

bool end_leftovers(const std::vector<RankRecord>& records, const std::string& agent_socket,
                   int64_t timeout_ms) {
  for (int64_t waited_ms = 0;; waited_ms += 10) {
    const std::vector<pid_t> left = find_leftovers(records, agent_socket);
    if (left.empty()) return true;
    if (waited_ms >= timeout_ms) return false;
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    const timespec pause{0, 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace longhaul::daemon
