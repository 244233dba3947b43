#include "checkpoint/format/manifest_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace longhaul::checkpoint {
namespace {

// A field this program does not know could change the meaning of those it does.
Result<> check_no_other_fields(const json::object& o, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : o) {
    const std::string_view name(key.data(), key.size());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid(fmt::format("unknown field '{}'", name));
    }
  }
  return {};
}

// Each element through `read`; errors say which element.
template <class T>
Result<std::vector<T>> read_array(const json::object& o, std::string_view key,
                                  Result<T> (*read)(const json::value&)) {
  LH_ASSIGN(const json::array values, json::get_array(o, key));
  std::vector<T> items;
  for (const json::value& v : values) {
    auto item = read(v);
    if (!item) return std::move(item).error().with_context(fmt::format("{}[{}]", key, items.size()));
    items.push_back(std::move(*item));
  }
  return items;
}

Result<int64_t> integer_from_json(const json::value& v) {
  if (!v.is_int64()) return invalid("it must be an integer");
  return v.get_int64();
}

Result<std::string> string_from_json(const json::value& v) {
  if (!v.is_string()) return invalid("it must be a string");
  return std::string(v.get_string());
}

Result<TensorLayout> tensor_from_json(const json::value& v) {
  if (!v.is_object()) return invalid("it must be an object");
  const json::object& o = v.get_object();
  TensorLayout tensor;
  LH_ASSIGN(tensor.name, json::get_string(o, "name"));
  LH_ASSIGN(tensor.shape, read_array<int64_t>(o, "shape", integer_from_json));
  LH_ASSIGN(tensor.offset, json::get_int(o, "offset"));
  LH_ASSIGN(tensor.size, json::get_int(o, "size"));
  LH_TRY(check_no_other_fields(o, {"name", "shape", "offset", "size"}));
  return tensor;
}

json::object layout_to_json(const Layout& layout) {
  json::array tensors;
  for (const TensorLayout& t : layout.tensors) {
    tensors.push_back(json::object{{"name", t.name},
                                   {"shape", json::array(t.shape.begin(), t.shape.end())},
                                   {"offset", t.offset},
                                   {"size", t.size}});
  }
  return {{"flat_size", layout.flat_size}, {"tensors", std::move(tensors)}};
}

Result<Layout> layout_from_json(const json::object& o) {
  Layout layout;
  LH_ASSIGN(layout.flat_size, json::get_int(o, "flat_size"));
  LH_ASSIGN(layout.tensors, read_array<TensorLayout>(o, "tensors", tensor_from_json));
  LH_TRY(check_no_other_fields(o, {"flat_size", "tensors"}));
  return layout;
}

json::object topology_to_json(const Topology& t) {
  return {{"tp", t.tp},
          {"pp", t.pp},
          {"dp", t.dp},
          {"micro_batch", t.micro_batch},
          {"global_batch", t.global_batch}};
}

Result<Topology> topology_from_json(const json::object& o) {
  Topology t;
  LH_ASSIGN(t.tp, json::get_int(o, "tp"));
  LH_ASSIGN(t.pp, json::get_int(o, "pp"));
  LH_ASSIGN(t.dp, json::get_int(o, "dp"));
  LH_ASSIGN(t.micro_batch, json::get_int(o, "micro_batch"));
  LH_ASSIGN(t.global_batch, json::get_int(o, "global_batch"));
  LH_TRY(check_no_other_fields(o, {"tp", "pp", "dp", "micro_batch", "global_batch"}));
  return t;
}

json::object cursor_to_json(const DataCursor& c) {
  return {{"seed", c.seed}, {"next_sample", c.next_sample}, {"skipped_samples", c.skipped_samples}};
}

Result<DataCursor> cursor_from_json(const json::object& o) {
  DataCursor c;
  const json::value* seed = o.if_contains("seed");
  if (seed != nullptr && seed->is_uint64()) {
    c.seed = seed->get_uint64();  // Boost.JSON keeps what exceeds int64 apart
  } else {
    LH_ASSIGN(const int64_t number, json::get_int(o, "seed"));
    if (number < 0) return invalid("field 'seed' is negative");
    c.seed = static_cast<uint64_t>(number);
  }
  LH_ASSIGN(c.next_sample, json::get_int(o, "next_sample"));
  LH_ASSIGN(c.skipped_samples, json::get_int(o, "skipped_samples"));
  LH_TRY(check_no_other_fields(o, {"seed", "next_sample", "skipped_samples"}));
  return c;
}

Result<Fragment> fragment_from_json(const json::value& v) {
  if (!v.is_object()) return invalid("it must be an object");
  const json::object& o = v.get_object();
  Fragment f;
  LH_ASSIGN(f.name, json::get_string(o, "name"));
  LH_ASSIGN(f.flat_begin, json::get_int(o, "flat_begin"));
  LH_ASSIGN(f.flat_end, json::get_int(o, "flat_end"));
  LH_ASSIGN(f.offset, json::get_int(o, "offset"));
  LH_ASSIGN(f.digest, json::get_string(o, "xxh3_128"));
  LH_TRY(check_no_other_fields(o, {"name", "flat_begin", "flat_end", "offset", "xxh3_128"}));
  return f;
}

template <class T, class Read>
Result<> read_part(const json::object& o, std::string_view key, T& part, Read read) {
  LH_ASSIGN(const json::object object, json::get_object(o, key));
  auto value = read(object);
  if (!value) return std::move(value).error().with_context(std::string(key));
  part = std::move(*value);
  return {};
}

}  // namespace

json::object shard_entry_to_json(const ShardEntry& entry) {
  json::array fragments;
  for (const Fragment& f : entry.fragments) {
    fragments.push_back(json::object{{"name", f.name},
                                     {"flat_begin", f.flat_begin},
                                     {"flat_end", f.flat_end},
                                     {"offset", f.offset},
                                     {"xxh3_128", f.digest}});
  }
  return {{"name", entry.name},
          {"size_bytes", entry.size_bytes},
          {"block_size_bytes", entry.block_size_bytes},
          {"xxh3_128", json::array(entry.blocks.begin(), entry.blocks.end())},
          {"fragments", std::move(fragments)}};
}

Result<ShardEntry> shard_entry_from_json(const json::value& entry) {
  if (!entry.is_object()) return invalid("it must be an object");
  const json::object& o = entry.get_object();
  ShardEntry e;
  LH_ASSIGN(e.name, json::get_string(o, "name"));
  LH_ASSIGN(e.size_bytes, json::get_int(o, "size_bytes"));
  LH_ASSIGN(e.block_size_bytes, json::get_int(o, "block_size_bytes"));
  LH_ASSIGN(e.blocks, read_array<std::string>(o, "xxh3_128", string_from_json));
  LH_ASSIGN(e.fragments, read_array<Fragment>(o, "fragments", fragment_from_json));
  LH_TRY(check_no_other_fields(o, {"name", "size_bytes", "block_size_bytes", "xxh3_128", "fragments"}));
  return e;
}

json::object manifest_to_json(const Manifest& m) {
  json::array files;
  for (const ShardEntry& file : m.files) files.push_back(shard_entry_to_json(file));
  return {{"version", kManifestVersion},
          {"run", m.run},
          {"identity", m.identity},
          {"step", m.key.step},
          {"branch", m.key.branch},
          {"generation", m.key.generation},
          {"parent", m.parent.empty() ? json::value(nullptr) : json::value(m.parent)},
          {"samples", m.samples},
          {"tokens", m.tokens},
          {"cursor", cursor_to_json(m.cursor)},
          {"topology", topology_to_json(m.topology)},
          {"fixed_point_scale_log2", m.fixed_point_scale_log2},
          {"layout", layout_to_json(m.layout)},
          {"files", std::move(files)}};
}

Result<Manifest> manifest_from_json(const json::object& o) {
  LH_ASSIGN(const int64_t version, json::get_int(o, "version"));
  if (version != kManifestVersion) {
    return invalid(
        fmt::format("version {} is not known; this program reads version {}", version, kManifestVersion));
  }
  Manifest m;
  LH_ASSIGN(m.run, json::get_string(o, "run"));
  LH_ASSIGN(m.identity, json::get_string(o, "identity"));
  LH_ASSIGN(m.key.step, json::get_int(o, "step"));
  LH_ASSIGN(m.key.branch, json::get_int(o, "branch"));
  LH_ASSIGN(m.key.generation, json::get_string(o, "generation"));
  const json::value* parent = o.if_contains("parent");
  if (parent == nullptr || !parent->is_null()) {
    LH_ASSIGN(m.parent, json::get_string(o, "parent"));
    if (m.parent.empty()) return invalid("field 'parent' is empty; no parent is null");
  }
  LH_ASSIGN(m.samples, json::get_int(o, "samples"));
  LH_ASSIGN(m.tokens, json::get_int(o, "tokens"));
  LH_TRY(read_part(o, "cursor", m.cursor, cursor_from_json));
  LH_TRY(read_part(o, "topology", m.topology, topology_from_json));
  LH_ASSIGN(m.fixed_point_scale_log2, json::get_int(o, "fixed_point_scale_log2"));
  LH_TRY(read_part(o, "layout", m.layout, layout_from_json));
  LH_ASSIGN(m.files, read_array<ShardEntry>(o, "files", shard_entry_from_json));
  LH_TRY(check_no_other_fields(
      o, {"sha256", "version", "run", "identity", "step", "branch", "generation", "parent", "samples",
          "tokens", "cursor", "topology", "fixed_point_scale_log2", "layout", "files"}));
  return m;
}

}  // namespace longhaul::checkpoint
