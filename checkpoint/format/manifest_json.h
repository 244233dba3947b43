// Between the manifest's structs and JSON; see manifest.h. Structure only: the rules between the fields
// are check_manifest's. Thread-safety: no state.
#pragma once

#include "base/core/result.h"
#include "base/json/json.h"
#include "checkpoint/format/manifest.h"

namespace longhaul::checkpoint {

json::object manifest_to_json(const Manifest& manifest);
// A missing, mistyped or unknown field is kInvalid and named.
Result<Manifest> manifest_from_json(const json::object& o);

json::object shard_entry_to_json(const ShardEntry& entry);
Result<ShardEntry> shard_entry_from_json(const json::value& entry);

}  // namespace longhaul::checkpoint
