// A file of the page, embedded: raw, and compressed ahead. The bytes outlive every server.
#pragma once

#include <span>
#include <string_view>

namespace longhaul::telemetry::publish {

struct Asset {
  std::string_view path;  // "/index.html"; "/" serves that
  std::string_view content_type;
  std::string_view raw;
  std::string_view gz;     // empty: not compressed
  std::string_view br;     // empty: not compressed
  std::string_view etag;   // with quotes
  bool immutable = false;  // its name carries a hash of its content
};

using Assets = std::span<const Asset>;

}  // namespace longhaul::telemetry::publish
