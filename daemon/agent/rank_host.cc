#include "daemon/agent/rank_host.h"

#include <csignal>

#include <fmt/format.h>

#include "base/core/log.h"
#include "base/posix/child_process.h"
#include "base/posix/process_table.h"
#include "daemon/agent/process/last_words.h"

namespace longhaul::daemon {

RankHost::RankHost(boost::asio::io_context& io, RankLauncher launcher, std::string records_path,
                   RankRecords records, std::function<void(const Exit&)> on_exit)
    : launcher_(std::move(launcher)),
      records_path_(std::move(records_path)),
      records_(std::move(records)),
      on_exit_(std::move(on_exit)),
      watch_(io, [this](pid_t pid) { ended(pid); }) {}

std::vector<StartAnswer> RankHost::start(const LaunchCommand& launch) {
  std::vector<StartAnswer> answers;
  records_.newest = launch.generation;
  for (const RankPlace& place : launch.ranks)
    records_.ranks.push_back(RankRecord{RankId{launch.generation, place.rank}, 0, 0});
  if (const auto saved = save_rank_records(records_path_, records_); !saved) {
    // What cannot be remembered must not run.
    for (const RankPlace& place : launch.ranks)
      answers.push_back(StartAnswer{RankId{launch.generation, place.rank}, 0, saved.error().message});
    return answers;
  }
  for (const RankPlace& place : launch.ranks) answers.push_back(start_one(launch, place));
  if (const auto saved = save_rank_records(records_path_, records_); !saved) log_error(saved.error().message);
  if (const auto kept = keep_rendezvous(address_); !kept) log_error(kept.error().message);
  return answers;
}

StartAnswer RankHost::start_one(const LaunchCommand& launch, const RankPlace& place) {
  const RankId id{launch.generation, place.rank};
  auto started = launcher_.start(launch, place, address_, rendezvous_);
  if (!started) {
    log_error(fmt::format("rank {} of {} did not start: {}", id.rank, id.generation.text(),
                          started.error().message));
    return StartAnswer{id, 0, started.error().message};
  }
  const pid_t pid = started->child.pid;
  log_info(fmt::format("rank {} of {} runs as process {}", id.rank, id.generation.text(), pid));
  for (RankRecord& record : records_.ranks) {
    if (record.id != id) continue;
    record.pid = pid;
    record.start_ticks = started->start_ticks;
  }
  running_[pid] = Running{id, started->error_log, started->error_log_offset};
  watch_.watch(pid, std::move(started->child.pidfd));
  return StartAnswer{id, pid, ""};
}

// A pid in running_ is not reaped: it cannot name anyone else.
void RankHost::terminate(const RankId& id) {
  for (const auto& [pid, rank] : running_)
    if (rank.id == id) ::kill(pid, SIGTERM);
}

void RankHost::kill(const RankId& id) {
  for (const auto& [pid, rank] : running_) {
    if (rank.id != id) continue;
    ::kill(pid, SIGKILL);
    signal_session(pid, SIGKILL);
  }
}

void RankHost::ended(pid_t pid) {
  const auto it = running_.find(pid);
  if (it == running_.end()) return;
  // Before the pid is given back: whatever the rank had started goes with it. Several rounds, because a
  // process can start another while the table is read.
  for (int round = 0; round < 10 && signal_session(pid, SIGKILL) > 0; ++round) {
  }
  const auto status = wait_child(pid);
  const Running rank = std::move(it->second);
  running_.erase(it);
  Exit exit;
  exit.id = rank.id;
  exit.last_stderr = last_words(rank.error_log, rank.error_log_offset);
  if (status) {
    exit.exit_code = status->exit_code;
    exit.signal = status->signal;
  } else {
    log_error(status.error().message);
  }
  log_info(fmt::format("rank {} of {} (process {}) ended: exit code {}, signal {}", exit.id.rank,
                       exit.id.generation.text(), pid, exit.exit_code, exit.signal));
  on_exit_(exit);
}

Result<> RankHost::forget(const RankId& id) {
  std::erase_if(records_.ranks, [&](const RankRecord& record) { return record.id == id; });
  return save_rank_records(records_path_, records_);
}

Result<int> RankHost::keep_rendezvous(const std::string& address) {
  if (address != address_) rendezvous_.close();
  address_ = address;
  if (!rendezvous_.is_open()) {
    LH_ASSIGN(rendezvous_, RendezvousSocket::open(address));
  }
  return rendezvous_.port();
}

}  // namespace longhaul::daemon
