// The public page as bytes in the program: each file plain, gzipped and brotlied.
// Written by web/build, committed, embedded at assembly time. Immutable; any thread may read.
#pragma once

#include <span>
#include <string_view>

namespace longhaul::web {

struct Asset {
  std::string_view path;          // "/index.html" or "/assets/app-0123456789.js"
  std::string_view content_type;  // for the header of that name
  std::string_view raw;           // the bodies, by Content-Encoding: none, gzip, br
  std::string_view gz;
  std::string_view br;
  std::string_view etag;  // with its quotes, of the raw body
  bool immutable;         // the name holds a digest of the content: cache it for ever
};

// All files of the page; the first is "/index.html", to be served at "/".
std::span<const Asset> assets();

}  // namespace longhaul::web
