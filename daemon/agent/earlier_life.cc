#include "daemon/agent/earlier_life.h"

#include <csignal>
#include <set>

#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/agent/agent_messages.h"
#include "daemon/agent/process/last_words.h"
#include "daemon/agent/process/leftovers.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kPatienceMs = 5000;  // between complaints about a process that cannot be killed

// Exits that are in the spool already: the predecessor died between writing one and forgetting the rank.
// Such an entry cannot be acknowledged and trimmed yet, because the rank is forgotten before it is sent.
Result<std::set<RankId>> exits_in(const Spool& spool) {
  std::set<RankId> found;
  LH_ASSIGN(const auto entries, spool.read_from(0, SIZE_MAX, SIZE_MAX));
  for (const wire::SpoolEntry& entry : entries) {
    const auto body = json::get_object(entry.report, "exit");
    if (!body) continue;
    const auto exit = wire::parse_exit_report(*body);
    if (!exit) continue;
    if (const auto generation = parse_generation(exit->generation))
      found.insert(RankId{*generation, exit->rank});
  }
  return found;
}

}  // namespace

Result<RankRecords> end_earlier_life(const AgentPaths& paths, Spool& spool, int64_t now_wall_ms) {
  auto loaded = load_rank_records(paths.rank_records);
  if (!loaded) return std::move(loaded).error().with_context(paths.rank_records);
  RankRecords records = std::move(*loaded);
  while (!end_leftovers(records.ranks, paths.socket, kPatienceMs))
    log_error("a rank of an earlier life cannot be killed; waiting for it");
  if (records.ranks.empty()) return records;

  LH_ASSIGN(const std::set<RankId> reported, exits_in(spool));
  for (const RankRecord& record : records.ranks) {
    if (reported.count(record.id) != 0) continue;
    const std::string log =
        fmt::format("{}/{}/rank-{}.err", paths.logs, record.id.generation.text(), record.id.rank);
    const RecordExit exit{record.id, record.pid, -1, SIGKILL, false, ""};
    log_warning(fmt::format("rank {} of {} died with the agent before this one", record.id.rank,
                            record.id.generation.text()));
    LH_ASSIGN(const int64_t seq, spool.append(now_wall_ms, exit_report_text(exit, last_words(log, 0))));
    static_cast<void>(seq);
  }
  LH_TRY(spool.sync());
  records.ranks.clear();
  LH_TRY(save_rank_records(paths.rank_records, records));
  return records;
}

}  // namespace longhaul::daemon
