#include "checkpoint/store/checkpoint_reader.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "checkpoint/format/digest.h"
#include "checkpoint/format/safetensors.h"
#include "checkpoint/store/shard_writer.h"

namespace longhaul::checkpoint {
namespace {

// The part of `bytes`, which begin at file offset `at`, that lies in [begin, end).
std::span<const std::byte> overlap(std::span<const std::byte> bytes, int64_t at, int64_t begin, int64_t end) {
  const int64_t first = std::max(begin, at);
  const int64_t last = std::min(end, at + static_cast<int64_t>(bytes.size()));
  if (first >= last) return {};
  return bytes.subspan(static_cast<size_t>(first - at), static_cast<size_t>(last - first));
}

// What the file says about itself must be what the manifest says about it.
Result<> compare_header(const SafetensorsHeader& header, const ShardEntry& entry) {
  std::vector<SafetensorsTensor> expected;
  for (const Fragment& f : entry.fragments) {
    const int64_t begin = f.offset - header.data_offset;
    expected.push_back({fragment_tensor_name(f.name, f.flat_begin),
                        "F32",
                        {f.flat_end - f.flat_begin},
                        begin,
                        begin + f.size_bytes()});
  }
  if (header.tensors == expected) return {};
  return corrupt("the file's header and the manifest's fragments differ");
}

}  // namespace

Result<> CheckpointReader::open(const ShardEntry& entry) {
  if (open_entry_ == &entry) return {};
  open_entry_ = nullptr;
  block_index_ = -1;
  const std::string path = checkpoint_.path + "/" + entry.name;
  auto file = files_.open(path);
  // Not damage: the folder as this node sees it may be older than the commit (a stale cache of NFS).
  if (!file && file.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kNotFound, path + ": the file is missing"};
  if (!file) return std::move(file).error();
  LH_ASSIGN(const int64_t size_bytes, (*file)->size_bytes());
  if (size_bytes != entry.size_bytes) {
    return corrupt(
        fmt::format("{}: {} bytes long, the manifest says {}", path, size_bytes, entry.size_bytes));
  }
  file_ = std::move(*file);
  open_entry_ = &entry;
  return {};
}

Result<> CheckpointReader::load_block(const ShardEntry& entry, int64_t index) {
  LH_TRY(open(entry));
  if (block_index_ == index) return {};
  block_index_ = -1;
  const int64_t offset = index * entry.block_size_bytes;
  const int64_t size_bytes = std::min(entry.block_size_bytes, entry.size_bytes - offset);
  block_.resize(static_cast<size_t>(size_bytes));
  LH_ASSIGN(const int64_t got_bytes, file_->read_at(offset, block_));
  const std::string digest = xxh3_hex(block_);
  const std::string& expected = entry.blocks[static_cast<size_t>(index)];
  if (got_bytes != size_bytes || digest != expected) {
    return corrupt(fmt::format("{}/{}: block {} (bytes {} to {}) has the digest {}, not {}", checkpoint_.path,
                               entry.name, index, offset, offset + size_bytes, digest, expected));
  }
  block_index_ = index;
  return {};
}

Result<> CheckpointReader::copy_verified(const ShardEntry& entry, int64_t offset,
                                         std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const int64_t index = offset / entry.block_size_bytes;
    LH_TRY(load_block(entry, index));
    const auto in_block = static_cast<size_t>(offset - index * entry.block_size_bytes);
    const size_t n = std::min(bytes.size(), block_.size() - in_block);
    std::memcpy(bytes.data(), block_.data() + in_block, n);
    bytes = bytes.subspan(n);
    offset += static_cast<int64_t>(n);
  }
  return {};
}

Result<> CheckpointReader::read(const std::string& name, int64_t flat_begin, std::span<float> values) {
  const int64_t flat_end = flat_begin + static_cast<int64_t>(values.size());
  const Manifest& manifest = checkpoint_.manifest;
  if (flat_begin < 0 || flat_end > manifest.layout.flat_size) {
    return invalid(fmt::format("{} [{}, {}) is no part of [0, {})", name, flat_begin, flat_end,
                               manifest.layout.flat_size));
  }
  int64_t missing = flat_end - flat_begin;
  for (const ShardEntry& entry : manifest.files) {
    for (const Fragment& f : entry.fragments) {
      const int64_t first = std::max(flat_begin, f.flat_begin);
      const int64_t last = std::min(flat_end, f.flat_end);
      if (f.name != name || first >= last) continue;
      const auto part =
          values.subspan(static_cast<size_t>(first - flat_begin), static_cast<size_t>(last - first));
      LH_TRY(copy_verified(entry, f.offset + (first - f.flat_begin) * 4, std::as_writable_bytes(part)));
      missing -= last - first;
    }
  }
  // check_manifest has made this impossible for the three sections.
  if (missing != 0) return invalid(fmt::format("the checkpoint has no '{}' of its own", name));
  return {};
}

Result<> CheckpointReader::verify_file(const ShardEntry& entry) {
  LH_TRY(open(entry));
  LH_TRY(file_->drop_cache());
  block_index_ = -1;
  std::vector<StreamDigest> digests(entry.fragments.size());
  std::vector<std::byte> head;
  int64_t data_offset = 8;  // until the first block tells
  for (int64_t index = 0; index < static_cast<int64_t>(entry.blocks.size()); ++index) {
    LH_TRY(load_block(entry, index));
    const int64_t at = index * entry.block_size_bytes;
    if (index == 0) {
      auto told = safetensors_data_offset(block_, entry.size_bytes);
      if (!told) return std::move(told).error().with_context(checkpoint_.path + "/" + entry.name);
      data_offset = *told;
    }
    const auto head_part = overlap(block_, at, 0, data_offset);
    head.insert(head.end(), head_part.begin(), head_part.end());
    for (size_t i = 0; i < digests.size(); ++i) {
      const Fragment& f = entry.fragments[i];
      digests[i].update(overlap(block_, at, f.offset, f.offset + f.size_bytes()));
    }
  }
  const auto check = [&]() -> Result<> {
    LH_ASSIGN(const SafetensorsHeader header, parse_safetensors_header(head, entry.size_bytes));
    LH_TRY(compare_header(header, entry));
    for (size_t i = 0; i < digests.size(); ++i) {
      const Fragment& f = entry.fragments[i];
      if (digests[i].hex() == f.digest) continue;
      return corrupt(fmt::format("fragment {} [{}, {}) has the digest {}, not {}", f.name, f.flat_begin,
                                 f.flat_end, digests[i].hex(), f.digest));
    }
    return {};
  };
  auto checked = check();
  if (!checked) return std::move(checked).error().with_context(checkpoint_.path + "/" + entry.name);
  return {};
}

}  // namespace longhaul::checkpoint
