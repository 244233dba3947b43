// The page's files: the best encoding that the browser takes, an ETag for each. Thread-safe (no state).
#pragma once

#include <optional>

#include "telemetry/http/message.h"
#include "telemetry/publish/assets.h"

namespace longhaul::telemetry::publish {

// "/" is "/index.html". nullopt: no such file.
std::optional<http::Response> static_file(Assets assets, const http::Request& request);

}  // namespace longhaul::telemetry::publish
