// The part of Store that deletes.
#include <algorithm>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "checkpoint/store/small_files.h"
#include "checkpoint/store/store.h"

namespace longhaul::checkpoint {

// The names of the deleted files need not be durable: should some come back after a power cut, they
// are part of a torn folder.
Result<> Store::delete_folder(const std::string& folder) {
  LH_ASSIGN(const std::vector<std::string> names, files_.list(folder));
  for (const std::string& name : names) LH_TRY(files_.remove_file(folder + "/" + name));
  return files_.remove_directory(folder);
}

Result<> Store::discard(const CheckpointKey& key) {
  LH_ASSIGN(const std::string folder, folder_path(key));
  LH_ASSIGN(const bool committed, exists(files_, folder + "/" + kManifestName));
  if (committed) return Error{ErrorCode::kConflict, folder + ": is committed; it is not discarded"};
  return delete_folder(folder);
}

Result<> Store::remove(const CheckpointKey& key) {
  LH_ASSIGN(const std::string folder, folder_path(key));
  const std::string manifest = folder + "/" + kManifestName;
  LH_ASSIGN(const bool committed, exists(files_, manifest));
  if (committed) {
    LH_TRY(files_.rename(manifest, manifest + ".removed"));
    // Durable first: otherwise a file could be gone after a power cut and the manifest back.
    LH_TRY(files_.sync_directory(folder));
  }
  return delete_folder(folder);
}

Result<std::vector<std::string>> Store::sweep_torn(const std::string& current_generation) {
  LH_ASSIGN(const Generation current, parse_generation(current_generation));
  LH_ASSIGN(const Discovery found, discover());
  std::vector<std::string> swept;
  if (found.committed.empty()) return swept;
  for (const Rejected& rejected : found.rejected) {
    if (rejected.why != Rejected::Why::kTorn) continue;
    LH_ASSIGN(const CheckpointKey key, parse_folder_name(folder_of(rejected.path)));
    LH_ASSIGN(const Generation writer, parse_generation(key.generation));
    // A writer of this or a later generation may still be at work in it.
    if (writer >= current || !is_newer(found.committed.front().key(), key)) continue;
    // Looked at once more: a stale cache may not have known a manifest that is there.
    LH_ASSIGN(const std::vector<std::string> names, files_.list(rejected.path));
    if (std::find(names.begin(), names.end(), kManifestName) != names.end()) continue;
    LH_TRY(delete_folder(rejected.path));
    swept.push_back(rejected.path);
  }
  return swept;
}

}  // namespace longhaul::checkpoint
