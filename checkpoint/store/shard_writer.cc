#include "checkpoint/store/shard_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkpoint/format/digest.h"

namespace longhaul::checkpoint {
namespace {

SafetensorsHeader header_of(const std::vector<ShardFragment>& fragments) {
  SafetensorsHeader header;
  header.metadata = {{"format", "longhaul-shard-1"}};
  int64_t end = 0;
  for (const ShardFragment& f : fragments) {
    const int64_t begin = end;
    end += static_cast<int64_t>(f.values.size_bytes());
    header.tensors.push_back({fragment_tensor_name(f.name, f.flat_begin),
                              "F32",
                              {static_cast<int64_t>(f.values.size())},
                              begin,
                              end});
  }
  return header;
}

// Appends to a file in pieces of io_size_bytes and digests what passes.
class Appender {
 public:
  Appender(File& file, const StoreOptions& options)
      : file_(file),
        io_size_bytes_(static_cast<size_t>(options.io_size_bytes)),
        blocks_(options.block_size_bytes) {}

  Result<> append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), io_size_bytes_));
      LH_TRY(file_.write_at(offset_, piece));
      blocks_.update(piece);
      offset_ += static_cast<int64_t>(piece.size());
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }

  int64_t offset() const { return offset_; }
  std::vector<std::string> finish() { return blocks_.finish(); }

 private:
  File& file_;
  size_t io_size_bytes_;
  BlockDigests blocks_;
  int64_t offset_ = 0;
};

Result<ShardEntry> write_content(File& file, const std::string& name, const std::string& header,
                                 const std::vector<ShardFragment>& fragments, const StoreOptions& options) {
  Appender appender(file, options);
  ShardEntry entry{.name = name, .block_size_bytes = options.block_size_bytes};
  LH_TRY(appender.append(std::as_bytes(std::span(header))));
  for (const ShardFragment& f : fragments) {
    const auto bytes = std::as_bytes(f.values);
    const auto size = static_cast<int64_t>(f.values.size());
    entry.fragments.push_back(
        {f.name, f.flat_begin, f.flat_begin + size, appender.offset(), xxh3_hex(bytes)});
    LH_TRY(appender.append(bytes));
  }
  entry.size_bytes = appender.offset();
  entry.blocks = appender.finish();
  return entry;
}

Error out_of_space(FileSystem& files, const std::string& folder, int64_t needed_bytes, const Error& cause) {
  const auto available = files.available_bytes(folder);
  return Error{ErrorCode::kNoSpace,
               fmt::format("{} (needed {} bytes, available {})", cause.message, needed_bytes,
                           available ? fmt::format("{}", *available) : std::string("unknown"))};
}

}  // namespace

std::string shard_file_name(int rank) { return fmt::format("rank-{:05}.safetensors", rank); }

std::string fragment_tensor_name(const std::string& name, int64_t flat_begin) {
  return fmt::format("{}@{}", name, flat_begin);
}

Result<ShardEntry> write_shard_file(FileSystem& files, const std::string& folder, int rank,
                                    const std::vector<ShardFragment>& fragments,
                                    const StoreOptions& options) {
  const SafetensorsHeader header = header_of(fragments);
  LH_ASSIGN(const std::string head, make_safetensors_header(header));
  const int64_t size_bytes =
      static_cast<int64_t>(head.size()) + (header.tensors.empty() ? 0 : header.tensors.back().end);
  const std::string name = shard_file_name(rank);
  const std::string path = folder + "/" + name;

  const auto write = [&]() -> Result<ShardEntry> {
    LH_ASSIGN(const std::unique_ptr<File> file, files.create(path));
    LH_TRY(file->reserve(size_bytes));
    LH_ASSIGN(ShardEntry entry, write_content(*file, name, head, fragments, options));
    LH_TRY(file->sync());
    // The name must be durable before the manifest can be.
    LH_TRY(files.sync_directory(folder));
    return entry;
  };
  auto entry = write();
  if (entry || entry.error().code == ErrorCode::kConflict)
    return entry;  // another's file is not ours to remove
  // A failed sync leaves a file that looks whole in memory and is not on the disk: never keep it.
  const Error error = entry.error().code == ErrorCode::kNoSpace
                          ? out_of_space(files, folder, size_bytes, entry.error())
                          : entry.error();
  static_cast<void>(files.remove_file(path));
  return error;
}

}  // namespace longhaul::checkpoint
