#include "checkpoint/format/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/json/json.h"
#include "checkpoint/format/json_keys.h"

namespace longhaul::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "the header length is little-endian");

constexpr std::string_view kMetadataKey = "__metadata__";

std::optional<int64_t> tensor_size_bytes(const SafetensorsTensor& tensor) {
  int64_t size = dtype_size_bytes(tensor.dtype);
  for (const int64_t extent : tensor.shape) {
    if (extent < 0 || __builtin_mul_overflow(size, extent, &size)) return std::nullopt;
  }
  return size;
}

// Tensors by ascending begin, without holes or overlap, each as long as its shape says.
Result<> check_tensors(const std::vector<SafetensorsTensor>& tensors) {
  std::set<std::string_view> names;
  int64_t end = 0;
  for (const SafetensorsTensor& t : tensors) {
    if (t.name.empty() || t.name == kMetadataKey)
      return invalid(fmt::format("'{}' cannot name a tensor", t.name));
    if (!names.insert(t.name).second) return invalid(fmt::format("tensor '{}' is there twice", t.name));
    if (dtype_size_bytes(t.dtype) == 0) {
      return invalid(fmt::format("tensor '{}' has the unknown dtype '{}'", t.name, t.dtype));
    }
    const auto size = tensor_size_bytes(t);
    if (!size) return invalid(fmt::format("tensor '{}' has a negative or overflowing shape", t.name));
    if (t.begin != end) {
      return invalid(
          fmt::format("tensor '{}' begins at {}, but the one before it ends at {}", t.name, t.begin, end));
    }
    if (t.end < t.begin || t.end - t.begin != *size) {
      return invalid(fmt::format("tensor '{}' lies at [{}, {}), but its shape needs {} bytes", t.name,
                                 t.begin, t.end, *size));
    }
    end = t.end;
  }
  return {};
}

json::value tensor_to_json(const SafetensorsTensor& tensor) {
  json::array shape(tensor.shape.begin(), tensor.shape.end());
  return json::object{{"dtype", tensor.dtype},
                      {"shape", std::move(shape)},
                      {"data_offsets", json::array{tensor.begin, tensor.end}}};
}

Result<std::vector<int64_t>> integers(const json::object& o, std::string_view key) {
  LH_ASSIGN(const json::array values, json::get_array(o, key));
  std::vector<int64_t> numbers;
  for (const json::value& v : values) {
    if (!v.is_int64()) return invalid(fmt::format("field '{}' holds something that is not an integer", key));
    numbers.push_back(v.get_int64());
  }
  return numbers;
}

Result<SafetensorsTensor> tensor_from_json(std::string name, const json::value& entry) {
  if (!entry.is_object()) return invalid("it must be an object");
  const json::object& o = entry.get_object();
  SafetensorsTensor tensor;
  tensor.name = std::move(name);
  LH_ASSIGN(tensor.dtype, json::get_string(o, "dtype"));
  LH_ASSIGN(tensor.shape, integers(o, "shape"));
  LH_ASSIGN(const std::vector<int64_t> offsets, integers(o, "data_offsets"));
  if (offsets.size() != 2) return invalid("field 'data_offsets' must hold two integers");
  if (o.size() != 3) return invalid("it has fields beyond dtype, shape and data_offsets");
  tensor.begin = offsets[0];
  tensor.end = offsets[1];
  return tensor;
}

Result<SafetensorsHeader> header_from_text(std::string_view text) {
  if (text.empty() || text.front() != '{') return invalid("the header does not begin with '{'");
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  if (text.back() != '}') return invalid("the header does not end with '}' and spaces");
  LH_ASSIGN(const json::object entries, json::parse_object(text));
  if (const auto key = find_duplicate_key(text))
    return invalid(fmt::format("the key '{}' is there twice", *key));
  SafetensorsHeader header;
  for (const auto& [key, entry] : entries) {
    if (std::string_view(key.data(), key.size()) != kMetadataKey) {
      auto tensor = tensor_from_json(std::string(key), entry);
      if (!tensor)
        return std::move(tensor).error().with_context(fmt::format("tensor '{}'", std::string(key)));
      header.tensors.push_back(std::move(*tensor));
      continue;
    }
    if (!entry.is_object()) return invalid("__metadata__ must be an object");
    for (const auto& [name, value] : entry.get_object()) {
      if (!value.is_string())
        return invalid(fmt::format("metadata '{}' must be a string", std::string(name)));
      header.metadata.emplace_back(std::string(name), std::string(value.get_string()));
    }
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;  // empty tensors before what follows
  });
  LH_TRY(check_tensors(header.tensors));
  return header;
}

}  // namespace

int64_t dtype_size_bytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  return 0;
}

Result<std::string> make_safetensors_header(const SafetensorsHeader& header) {
  LH_TRY(check_tensors(header.tensors));
  json::object entries;
  if (!header.metadata.empty()) {
    json::object metadata;
    for (const auto& [name, value] : header.metadata) {
      if (metadata.contains(name)) return invalid(fmt::format("metadata '{}' is there twice", name));
      metadata[name] = value;
    }
    entries[kMetadataKey] = std::move(metadata);
  }
  for (const SafetensorsTensor& tensor : header.tensors) entries[tensor.name] = tensor_to_json(tensor);
  std::string text = std::string(8, '\0') + json::to_text(entries);
  while (text.size() % kSafetensorsAlignment != 0) text += ' ';
  const uint64_t length = text.size() - 8;
  if (length > kMaxSafetensorsHeaderBytes)
    return invalid(fmt::format("a header of {} bytes is too long", length));
  std::memcpy(text.data(), &length, 8);
  return text;
}

Result<int64_t> safetensors_data_offset(std::span<const std::byte> first_8, int64_t file_size_bytes) {
  if (first_8.size() < 8 || file_size_bytes < 8) {
    return corrupt(fmt::format("a file of {} bytes is too short for safetensors", file_size_bytes));
  }
  uint64_t length = 0;
  std::memcpy(&length, first_8.data(), 8);
  if (length > kMaxSafetensorsHeaderBytes || length > static_cast<uint64_t>(file_size_bytes - 8)) {
    return corrupt(fmt::format("the header claims {} bytes in a file of {}; at most {} are allowed", length,
                               file_size_bytes, std::min(kMaxSafetensorsHeaderBytes, file_size_bytes - 8)));
  }
  return static_cast<int64_t>(length) + 8;
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> head, int64_t file_size_bytes) {
  LH_ASSIGN(const int64_t data_offset, safetensors_data_offset(head, file_size_bytes));
  if (static_cast<int64_t>(head.size()) < data_offset) return corrupt("the header is cut off");
  const std::string_view text(reinterpret_cast<const char*>(head.data()) + 8,
                              static_cast<size_t>(data_offset) - 8);
  auto header = header_from_text(text);
  if (!header) return corrupt(std::move(header).error().message);
  header->data_offset = data_offset;
  // Compared as a difference: the sum could overflow.
  const int64_t data_size = header->tensors.empty() ? 0 : header->tensors.back().end;
  if (data_size != file_size_bytes - data_offset) {
    return corrupt(fmt::format("the tensors end {} bytes after the header, the file {}", data_size,
                               file_size_bytes - data_offset));
  }
  return std::move(*header);
}

}  // namespace longhaul::checkpoint
