#include "checkpoint/store/store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "checkpoint/format/state_digest.h"
#include "checkpoint/store/checkpoint_reader.h"
#include "checkpoint/store/shard_writer.h"
#include "checkpoint/store/small_files.h"

namespace longhaul::checkpoint {

Store::Store(FileSystem& files, std::string store_path, StoreOptions options)
    : files_(files), store_path_(std::move(store_path)), options_(options) {}

Result<std::string> Store::folder_path(const CheckpointKey& key) const {
  LH_ASSIGN(const std::string name, folder_name(key));
  return checkpoints_path() + "/" + name;
}

namespace {

// A failed sync cannot be asked again: a name that we have just made is then taken back, so that the next
// attempt makes a new one.
Result<> make_synced_directory(FileSystem& files, const std::string& parent, const std::string& path) {
  LH_TRY(files.make_directory(path));
  auto synced = files.sync_directory(parent);
  if (!synced) static_cast<void>(files.remove_directory(path));
  return synced;
}

}  // namespace

Result<> Store::prepare_checkpoints_folder() {
  if (prepared_) return {};
  auto made = make_synced_directory(files_, store_path_, checkpoints_path());
  if (!made && made.error().code == ErrorCode::kConflict) {
    made = files_.sync_directory(store_path_);  // whoever made it may have died before doing this
  }
  LH_TRY(made);
  prepared_ = true;
  return {};
}

Result<std::string> Store::create(const CheckpointKey& key) {
  LH_ASSIGN(std::string folder, folder_path(key));
  LH_TRY(prepare_checkpoints_folder());
  LH_TRY(make_synced_directory(files_, checkpoints_path(), folder));
  return folder;
}

Result<ShardEntry> Store::write_shard(const CheckpointKey& key, int rank,
                                      const std::vector<ShardFragment>& fragments) const {
  LH_ASSIGN(const std::string folder, folder_path(key));
  return write_shard_file(files_, folder, rank, fragments, options_);
}

Result<> Store::check_not_fenced(const CheckpointKey& key) const {
  const auto launched = files_.list(store_path_ + "/generations");
  if (!launched && launched.error().code == ErrorCode::kNotFound) return {};
  if (!launched) return launched.error();
  LH_ASSIGN(const Generation own, parse_generation(key.generation));
  for (const std::string& name : *launched) {
    const auto other = parse_generation(name);
    if (!other || *other <= own) continue;
    return Error{ErrorCode::kDenied,
                 fmt::format("generation {} may not commit: {} is current", key.generation, name)};
  }
  return {};
}

Result<> Store::publish_manifest(const std::string& folder, const std::string& text,
                                 const CheckpointKey& key) {
  const std::string path = folder + "/" + kManifestName;
  const std::string temporary = path + ".tmp";
  LH_TRY(write_new_file(files_, temporary, text));
  auto renamed = check_not_fenced(key);  // as late as can be
  if (renamed) renamed = files_.rename(temporary, path);
  if (!renamed) {
    static_cast<void>(files_.remove_file(temporary));
    return renamed;
  }
  auto synced = files_.sync_directory(folder);
  if (!synced) {
    // Whether the commit is durable is unknown, and asking again would not tell: take it back. Should
    // the name come back after a power cut, what it names is complete.
    const auto undone = files_.rename(path, path + ".unsynced");
    if (!undone) synced.error().message += "; and it could not be taken back: " + undone.error().message;
  }
  return synced;
}

Result<Checkpoint> Store::commit(const Manifest& manifest) {
  LH_ASSIGN(const std::string text, manifest_to_text(manifest));
  LH_ASSIGN(const std::string folder, folder_path(manifest.key));
  LH_ASSIGN(const bool committed, exists(files_, folder + "/" + kManifestName));
  if (committed) return Error{ErrorCode::kConflict, folder + ": is committed already"};
  for (const ShardEntry& entry : manifest.files) {
    LH_ASSIGN(const PathInfo info, files_.info(folder + "/" + entry.name));
    if (info.is_directory || info.size_bytes != entry.size_bytes) {
      return corrupt(fmt::format("{}/{}: {} bytes long, its entry says {}", folder, entry.name,
                                 info.size_bytes, entry.size_bytes));
    }
  }
  auto published = publish_manifest(folder, text, manifest.key);
  if (!published) return std::move(published).error().with_context("commit " + folder);
  return Checkpoint{folder, manifest};
}

Result<Checkpoint> Store::load(const std::string& folder_path) const {
  LH_ASSIGN(const std::string text, read_whole_file(files_, folder_path + "/" + kManifestName));
  auto manifest = parse_manifest(text);
  if (!manifest) return std::move(manifest).error().with_context(folder_path);
  LH_ASSIGN(const std::string name, folder_name(manifest->key));
  if (folder_of(folder_path) != name) {
    return corrupt(fmt::format("{}: the manifest belongs to {}", folder_path, name));
  }
  return Checkpoint{folder_path, std::move(*manifest)};
}

namespace {

// What a folder is whose manifest could not be loaded; the error itself when it says nothing about the
// folder.
Result<Rejected> reject(FileSystem& files, const std::string& path, Error error) {
  if (error.code == ErrorCode::kNotFound)
    return Rejected{path, Rejected::Why::kTorn, "it has no manifest: never committed, or removed"};
  if (error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kInvalid)
    return Rejected{path, Rejected::Why::kDamaged, std::move(error.message)};
  const auto info = files.info(path);
  if (info && !info->is_directory) return Rejected{path, Rejected::Why::kForeign, "it is not a folder"};
  return error;
}

}  // namespace

Result<Discovery> Store::discover() const {
  Discovery found;
  const auto names = files_.list(checkpoints_path());
  if (!names && names.error().code == ErrorCode::kNotFound) return found;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const std::string path = checkpoints_path() + "/" + name;
    if (const auto key = parse_folder_name(name); !key) {
      found.rejected.push_back({path, Rejected::Why::kForeign, key.error().message});
      continue;
    }
    auto checkpoint = load(path);
    if (checkpoint) {
      found.committed.push_back(std::move(*checkpoint));
    } else {
      LH_ASSIGN(Rejected rejected, reject(files_, path, std::move(checkpoint).error()));
      found.rejected.push_back(std::move(rejected));
    }
  }
  std::sort(found.committed.begin(), found.committed.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return is_newer(a.key(), b.key()); });
  return found;
}

Result<> Store::read_range(const Checkpoint& checkpoint, const std::string& name, int64_t flat_begin,
                           std::span<float> values) const {
  return CheckpointReader(files_, checkpoint).read(name, flat_begin, values);
}

Result<> Store::verify(const Checkpoint& checkpoint) const {
  CheckpointReader reader(files_, checkpoint);
  for (const ShardEntry& entry : checkpoint.manifest.files) LH_TRY(reader.verify_file(entry));
  return {};
}

Result<> Store::read_back(const std::string& folder_path) const {
  {
    LH_ASSIGN(const std::unique_ptr<File> manifest, files_.open(folder_path + "/" + kManifestName));
    LH_TRY(manifest->drop_cache());
  }
  LH_ASSIGN(const Checkpoint checkpoint, load(folder_path));
  return verify(checkpoint);
}

Result<std::string> Store::state_digest(const Checkpoint& checkpoint) const {
  CheckpointReader reader(files_, checkpoint);
  StateDigest digest(checkpoint.key().step);
  std::vector<float> buffer(static_cast<size_t>(options_.io_size_bytes) / sizeof(float) + 1);
  for (const char* section : kSections) {
    for (const TensorLayout& tensor : checkpoint.manifest.layout.tensors) {
      for (int64_t done = 0; done < tensor.size;) {
        const auto n = std::min(static_cast<int64_t>(buffer.size()), tensor.size - done);
        const auto part = std::span(buffer).first(static_cast<size_t>(n));
        LH_TRY(reader.read(section, tensor.offset + done, part));
        digest.update(part);
        done += n;
      }
    }
  }
  return digest.finish(checkpoint.manifest.cursor);
}

}  // namespace longhaul::checkpoint
