#include "telemetry/publish/static_files.h"

#include <gtest/gtest.h>

namespace longhaul::telemetry::publish {
namespace {

const Asset kFiles[] = {
    {.path = "/index.html",
     .content_type = "text/html",
     .raw = "raw",
     .gz = "gz",
     .br = "br",
     .etag = "\"t1\""},
    {.path = "/a-123.js",
     .content_type = "text/javascript",
     .raw = "js",
     .etag = "\"t2\"",
     .immutable = true},
};

http::Response get(const std::string& path, const std::string& accept) {
  http::Request r;
  r.path = path;
  if (!accept.empty()) r.headers.emplace_back("accept-encoding", accept);
  return static_file(kFiles, r).value();
}
std::string header(const http::Response& r, const char* name) {
  const std::string* value = http::find_field(r.headers, name);
  return value == nullptr ? "" : *value;
}

TEST(StaticFiles, TheSmallestEncodingThatTheBrowserTakesIsServedUnderItsOwnTag) {
  const auto br = get("/", "gzip, br");
  EXPECT_EQ(br.static_body, "br");
  EXPECT_EQ(header(br, "Content-Encoding"), "br");
  EXPECT_EQ(header(br, "ETag"), "\"t1-br\"");
  EXPECT_EQ(header(br, "Vary"), "Accept-Encoding");
  EXPECT_EQ(get("/", "gzip, br;q=0").static_body, "gz");
  const auto raw = get("/", "");
  EXPECT_EQ(raw.static_body, "raw");
  EXPECT_EQ(header(raw, "Content-Encoding"), "");
  EXPECT_EQ(header(raw, "ETag"), "\"t1\"");
  EXPECT_EQ(get("/a-123.js", "br, gzip").static_body, "js");  // was not compressed
}

TEST(StaticFiles, OnlyNamesWithAHashAreKeptForEver) {
  EXPECT_EQ(header(get("/", ""), "Cache-Control"), "no-cache");
  EXPECT_EQ(header(get("/a-123.js", ""), "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST(StaticFiles, NothingElseIsThere) {
  for (const char* path : {"", "/a-123", "/../a-123.js", "//", "/A-123.js"}) {
    http::Request r;
    r.path = path;
    EXPECT_FALSE(static_file(kFiles, r)) << path;
  }
}

}  // namespace
}  // namespace longhaul::telemetry::publish
