#include "daemon/cli/connection.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/posix/file.h"
#include "config/load.h"
#include "telemetry/http/client.h"

namespace longhaul::daemon {

namespace http = telemetry::http;

namespace {

// What report_error makes an exit code of: 2 the request was wrong, 3 the daemon failed, 4 it did not come
// to an answer and the same may be asked again.
ErrorCode code_of(int status) {
  if (status == 409) return ErrorCode::kConflict;
  if (status == 429 || status == 503) return ErrorCode::kUnavailable;
  if (status == 504) return ErrorCode::kTimeout;
  return status >= 500 ? ErrorCode::kInternal : ErrorCode::kInvalid;
}

}  // namespace

std::string chosen_run_directory(const std::string& option) {
  const char* environment = std::getenv("LONGHAUL_RUN_DIR");
  const std::string chosen = !option.empty() ? option : environment != nullptr ? environment : ".";
  return std::filesystem::absolute(chosen).lexically_normal().string();
}

Result<Connection> Connection::open(const std::string& run_directory) {
  const std::string file = run_directory + "/run.yaml";
  if (!path_exists(file)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{} holds no run (no run.yaml); name one with --run-dir", run_directory)};
  }
  LH_ASSIGN(const auto config, config::load(file, run_directory));
  Connection c;
  c.run_directory_ = run_directory;
  c.state_ = config.paths.state;
  return c;
}

Result<json::object> Connection::get(const std::string& target) const { return ask("GET", target, "", ""); }

Result<json::object> Connection::post(const std::string& target, const json::object& body,
                                      const std::string& idempotency_key) const {
  return ask("POST", target, json::to_text(body), idempotency_key);
}

Result<json::object> Connection::ask(const std::string& method, const std::string& target,
                                     const std::string& body, const std::string& key) const {
  http::Fields headers;
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
  const auto response =
      http::request("unix:" + state_ + "/operator.sock", method, target, headers, body, timeout_ms_);
  if (!response) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("no daemon answers for {} ({})", run_directory_, response.error().message)};
  }
  auto object = json::parse_object(response->body);
  if (response->status < 300) {
    if (object) return object;
    return Error{ErrorCode::kInternal, "the daemon's answer is not understood: " + object.error().message};
  }
  const std::string detail = object ? json::string_or(*object, "detail", response->body) : response->body;
  return Error{code_of(response->status),
               detail.empty() ? fmt::format("status {}", response->status) : detail};
}

}  // namespace longhaul::daemon
