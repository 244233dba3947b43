#include "daemon/agent/process/rank_records.h"

#include "base/json/json.h"
#include "base/posix/file.h"

namespace longhaul::daemon {
namespace {

Result<Generation> get_generation(const json::object& o, std::string_view key) {
  LH_ASSIGN(const std::string text, json::get_string(o, key));
  const auto generation = parse_generation(text);
  if (!generation) return invalid("generation '" + text + "' is not T.S");
  return *generation;
}

}  // namespace

Result<RankRecords> load_rank_records(const std::string& path) {
  if (!path_exists(path)) return RankRecords{};
  LH_ASSIGN(const std::string text, read_file(path));
  LH_ASSIGN(const json::object o, json::parse_object(text));
  RankRecords records;
  LH_ASSIGN(records.newest, get_generation(o, "newest"));
  LH_ASSIGN(const json::array list, json::get_array(o, "ranks"));
  for (const json::value& entry : list) {
    if (!entry.is_object()) return corrupt(path + ": not a list of objects");
    RankRecord record;
    LH_ASSIGN(record.id.generation, get_generation(entry.get_object(), "generation"));
    LH_ASSIGN(const int64_t rank, json::get_int(entry.get_object(), "rank"));
    record.id.rank = static_cast<int>(rank);
    LH_ASSIGN(record.pid, json::get_int(entry.get_object(), "pid"));
    LH_ASSIGN(const int64_t start, json::get_int(entry.get_object(), "start_ticks"));
    record.start_ticks = static_cast<uint64_t>(start);
    records.ranks.push_back(record);
  }
  return records;
}

Result<> save_rank_records(const std::string& path, const RankRecords& records) {
  json::array list;
  for (const RankRecord& record : records.ranks)
    list.push_back(json::object{{"generation", record.id.generation.text()},
                                {"rank", record.id.rank},
                                {"pid", record.pid},
                                {"start_ticks", static_cast<int64_t>(record.start_ticks)}});
  const json::object o{{"newest", records.newest.text()}, {"ranks", std::move(list)}};
  return write_file_durably(path, json::to_text(o) + "\n");
}

}  // namespace longhaul::daemon
