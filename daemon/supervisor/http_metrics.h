// The HTTP server's observations as metrics. Used inside daemon/supervisor only.
#pragma once

#include "telemetry/http/server.h"
#include "telemetry/metrics/metrics.h"

namespace longhaul::daemon {

class HttpMetrics final : public telemetry::http::Observer {
 public:
  explicit HttpMetrics(telemetry::Metrics& metrics) : metrics_(metrics) {}
  void request_done(std::string_view route, int status, double seconds) override {
    metrics_.http_request(route, status, seconds);
  }
  void live_sessions(size_t open) override { metrics_.live_sessions(static_cast<int64_t>(open)); }
  void live_frame_sent() override { metrics_.live_frame_sent(); }

 private:
  telemetry::Metrics& metrics_;
};

}  // namespace longhaul::daemon
