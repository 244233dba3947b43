#include "telemetry/publish/static_files.h"

namespace longhaul::telemetry::publish {
namespace {

// "\"abc\"" → "\"abc-br\"": other bytes, another tag.
std::string tag_of(std::string_view etag, std::string_view coding) {
  if (coding.empty() || etag.size() < 2) return std::string(etag);
  return std::string(etag.substr(0, etag.size() - 1)) + "-" + std::string(coding) + "\"";
}

}  // namespace

std::optional<http::Response> static_file(Assets assets, const http::Request& request) {
  const std::string_view path = request.path == "/" ? std::string_view("/index.html") : request.path;
  for (const Asset& asset : assets) {
    if (asset.path != path) continue;
    const std::string* accepted = request.header("Accept-Encoding");
    std::string_view coding;
    std::string_view bytes = asset.raw;
    if (accepted != nullptr && !asset.br.empty() && http::accepts_encoding(*accepted, "br")) {
      coding = "br";
      bytes = asset.br;
    } else if (accepted != nullptr && !asset.gz.empty() && http::accepts_encoding(*accepted, "gzip")) {
      coding = "gzip";
      bytes = asset.gz;
    }
    http::Response response{.static_body = bytes, .route = "/"};
    response.headers = {
        {"Content-Type", std::string(asset.content_type)},
        {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"ETag", tag_of(asset.etag, coding)},
        {"Vary", "Accept-Encoding"}};
    if (!coding.empty()) response.headers.emplace_back("Content-Encoding", coding);
    return response;
  }
  return std::nullopt;
}

}  // namespace longhaul::telemetry::publish
