#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "checkpoint/format/digest.h"
#include "checkpoint/format/manifest.h"

namespace longhaul::checkpoint {
namespace {

bool is_section(const std::string& name) {
  return std::any_of(std::begin(kSections), std::end(kSections), [&](const char* s) { return name == s; });
}

// A name from a file must never lead out of the checkpoint's folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.size() <= 200 && name != kManifestName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '-' || c == '_';
         });
}

Result<> check_numbers(const Manifest& m) {
  const auto at_least = [](const char* field, int64_t value, int64_t lowest) -> Result<> {
    if (value >= lowest) return {};
    return invalid(fmt::format("{} is {}; it must be at least {}", field, value, lowest));
  };
  LH_TRY(at_least("samples", m.samples, 0));
  LH_TRY(at_least("tokens", m.tokens, 0));
  LH_TRY(at_least("cursor.next_sample", m.cursor.next_sample, 0));
  LH_TRY(at_least("cursor.skipped_samples", m.cursor.skipped_samples, 0));
  LH_TRY(at_least("topology.tp", m.topology.tp, 1));
  LH_TRY(at_least("topology.pp", m.topology.pp, 1));
  LH_TRY(at_least("topology.dp", m.topology.dp, 1));
  LH_TRY(at_least("topology.micro_batch", m.topology.micro_batch, 1));
  LH_TRY(at_least("topology.global_batch", m.topology.global_batch, 1));
  LH_TRY(at_least("fixed_point_scale_log2", m.fixed_point_scale_log2, 0));
  return {};
}

Result<> check_fragment(const ShardEntry& file, const Fragment& f, int64_t flat_size) {
  if (!is_section(f.name))
    return invalid(fmt::format("the fragment name '{}' is none of master, m, v", f.name));
  if (f.flat_begin < 0 || f.flat_end <= f.flat_begin || f.flat_end > flat_size) {
    return invalid(fmt::format("fragment {} [{}, {}) is no part of [0, {})", f.name, f.flat_begin, f.flat_end,
                               flat_size));
  }
  if (f.offset < 8 || f.offset > file.size_bytes || f.size_bytes() > file.size_bytes - f.offset) {
    return invalid(fmt::format("fragment {} [{}, {}) at byte {} does not fit into {} bytes", f.name,
                               f.flat_begin, f.flat_end, f.offset, file.size_bytes));
  }
  if (!is_xxh3_hex(f.digest)) return invalid(fmt::format("'{}' is not a digest", f.digest));
  return {};
}

Result<> check_file(const ShardEntry& file, int64_t flat_size) {
  if (file.size_bytes < 8) return invalid(fmt::format("size_bytes is {}", file.size_bytes));
  if (file.block_size_bytes < 1) return invalid(fmt::format("block_size_bytes is {}", file.block_size_bytes));
  const int64_t blocks = (file.size_bytes - 1) / file.block_size_bytes + 1;
  if (static_cast<int64_t>(file.blocks.size()) != blocks) {
    return invalid(fmt::format("{} bytes are {} blocks, but it has {} digests", file.size_bytes, blocks,
                               file.blocks.size()));
  }
  for (const std::string& digest : file.blocks) {
    if (!is_xxh3_hex(digest)) return invalid(fmt::format("'{}' is not a digest", digest));
  }
  for (const Fragment& fragment : file.fragments) LH_TRY(check_fragment(file, fragment, flat_size));
  return {};
}

// The fragments of one section, laid end to end, are the flat vector.
Result<> check_coverage(const Manifest& manifest, const std::string& section) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const ShardEntry& file : manifest.files) {
    for (const Fragment& f : file.fragments) {
      if (f.name == section) ranges.emplace_back(f.flat_begin, f.flat_end);
    }
  }
  ranges.emplace_back(manifest.layout.flat_size, manifest.layout.flat_size);
  std::sort(ranges.begin(), ranges.end());
  int64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin > covered) return invalid(fmt::format("no file holds {} [{}, {})", section, covered, begin));
    if (begin < covered)
      return invalid(fmt::format("{} [{}, {}) is there twice", section, begin, std::min(covered, end)));
    covered = end;
  }
  return {};
}

}  // namespace

int64_t Manifest::size_bytes() const {
  int64_t sum = 0;
  for (const ShardEntry& file : files) sum += file.size_bytes;
  return sum;
}

Result<> check_manifest(const Manifest& manifest) {
  if (manifest.run.empty()) return invalid("run is empty");
  if (manifest.identity.empty()) return invalid("identity is empty");
  LH_TRY(folder_name(manifest.key));
  if (!manifest.parent.empty()) LH_TRY(parse_folder_name(manifest.parent));
  LH_TRY(check_numbers(manifest));
  LH_TRY(check_layout(manifest.layout));
  std::set<std::string> names;
  for (const ShardEntry& file : manifest.files) {
    if (!is_plain_name(file.name)) return invalid(fmt::format("'{}' cannot name a shard file", file.name));
    if (!names.insert(file.name).second) return invalid(fmt::format("file '{}' is there twice", file.name));
    if (auto checked = check_file(file, manifest.layout.flat_size); !checked) {
      return std::move(checked).error().with_context("file '" + file.name + "'");
    }
  }
  for (const char* section : kSections) LH_TRY(check_coverage(manifest, section));
  return {};
}

}  // namespace longhaul::checkpoint
