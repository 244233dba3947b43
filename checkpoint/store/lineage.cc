#include "checkpoint/store/lineage.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "checkpoint/store/small_files.h"

namespace longhaul::checkpoint {
namespace {

Result<Branch> branch_from_json(const json::object& o, int64_t number) {
  Branch b;
  LH_ASSIGN(b.branch, json::get_int(o, "branch"));
  LH_ASSIGN(b.parent, json::get_int(o, "parent"));
  LH_ASSIGN(b.fork_step, json::get_int(o, "fork_step"));
  b.reason = json::string_or(o, "reason", "");
  if (b.branch != number) return invalid(fmt::format("it describes branch {}", b.branch));
  if (b.parent < 0 || b.parent >= b.branch) {
    return invalid(fmt::format("parent {} is not a lower number than {}", b.parent, b.branch));
  }
  if (b.fork_step < 0) return invalid(fmt::format("fork_step {} is negative", b.fork_step));
  return b;
}

// For each branch of the ancestry the last step that belongs to it.
using Limits = std::map<int64_t, int64_t>;

Limits limits_of(const std::vector<Branch>& ancestry) {
  Limits limits;
  int64_t limit = std::numeric_limits<int64_t>::max();
  for (const Branch& b : ancestry) {
    limits[b.branch] = limit;
    limit = std::min(limit, b.fork_step);
  }
  return limits;
}

bool within(const Limits& limits, const CheckpointKey& key) {
  const auto limit = limits.find(key.branch);
  return limit != limits.end() && key.step <= limit->second;
}

bool to_try_first(const Checkpoint& a, const Checkpoint& b) {
  if (a.key().step != b.key().step) return a.key().step > b.key().step;
  if (a.key().branch != b.key().branch) return a.key().branch > b.key().branch;
  return is_newer(a.key(), b.key());
}

}  // namespace

Result<std::vector<Branch>> read_ancestry(const Store& store, int64_t branch) {
  if (branch < 0) return invalid(fmt::format("there is no branch {}", branch));
  std::vector<Branch> ancestry;
  while (branch != 0) {
    const std::string path = fmt::format("{}/branches/{}.json", store.path(), branch);
    LH_ASSIGN(const json::object document, read_document(store.files(), path));
    auto b = branch_from_json(document, branch);
    if (!b) return corrupt(path + ": " + b.error().message);
    ancestry.push_back(*b);
    branch = b->parent;  // a lower number: this ends
  }
  ancestry.push_back(Branch{});
  return ancestry;
}

Result<std::optional<std::string>> distrusted(const Store& store, const std::string& folder_path) {
  const auto document = read_document(
      store.files(), store.path() + "/documents/distrusted/" + folder_of(folder_path) + ".json");
  if (document)
    return std::optional("distrusted: " + json::string_or(*document, "reason", "no reason given"));
  if (document.error().code == ErrorCode::kNotFound) return std::optional<std::string>();
  if (document.error().code != ErrorCode::kCorrupt) return document.error();
  return std::optional("distrusted, but why cannot be read: " + document.error().message);
}

Result<Restorable> restorable(const Store& store, int64_t branch) {
  LH_ASSIGN(const std::vector<Branch> ancestry, read_ancestry(store, branch));
  LH_ASSIGN(Discovery found, store.discover());
  const Limits limits = limits_of(ancestry);
  Restorable result;
  for (Checkpoint& checkpoint : found.committed) {
    if (!within(limits, checkpoint.key())) continue;
    LH_ASSIGN(std::optional<std::string> reason, distrusted(store, checkpoint.path));
    if (reason) {
      result.skipped.push_back({checkpoint.path, Rejected::Why::kDistrusted, std::move(*reason)});
    } else {
      result.checkpoints.push_back(std::move(checkpoint));
    }
  }
  for (Rejected& rejected : found.rejected) {
    const auto key = parse_folder_name(folder_of(rejected.path));
    if (key && within(limits, *key)) result.skipped.push_back(std::move(rejected));
  }
  std::sort(result.checkpoints.begin(), result.checkpoints.end(), to_try_first);
  return result;
}

}  // namespace longhaul::checkpoint
