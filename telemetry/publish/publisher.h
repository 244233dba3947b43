// The public face of a run: the page, the JSON routes and the live stream. Everything here may be seen by
// anyone. Routes and fields: ARCHITECTURE.md, "Public JSON".
// Thread-safety: one thread, that of the servers it answers for.
#pragma once

#include <memory>
#include <string>

#include "base/core/clock.h"
#include "base/json/json.h"
#include "telemetry/history/reader.h"
#include "telemetry/http/server.h"
#include "telemetry/live/ring.h"
#include "telemetry/publish/assets.h"

namespace longhaul::telemetry::publish {

// What the run looks like now. The daemon implements it; called on the server's thread.
class RunView {
 public:
  virtual ~RunView() = default;
  virtual json::object run() = 0;         // as /api/v1/run, without "live" and "now": added here
  virtual json::array nodes() = 0;        // of /api/v1/nodes
  virtual json::array checkpoints() = 0;  // of /api/v1/checkpoints, newest first
  virtual bool ready() = 0;               // /readyz: the history is open and the core decides
};

// JSON of an event, as /api/v1/events and the live stream have it.
json::object event_json(const HistoryEvent& event);
// Live delta of an event: {"type":"event","event":{…}}. Fits History::add_event.
std::string event_live_body(const HistoryEvent& event);
// Live delta of a step: {"type":"step","step":…,"at_ms":…,"loss":…,…}.
std::string step_live_body(const StepRecord& record);

class Publisher final : public http::LiveSource {
 public:
  // All must outlive it.
  Publisher(RunView& view, HistoryReader& history, live::Ring& ring, const Clock& clock, Assets assets);
  ~Publisher() override;

  // Answers at once. handle: for the public; an answer that a shared cache may give for a second is given
  // again for a second, so that a crowd costs the daemon one.
  void handle(const http::Request& request, const http::Reply& reply);
  http::Response respond(const http::Request& request);

  std::unique_ptr<http::LiveStream> connect() override;
  // Puts the run's state into the ring when it has changed, at most once a second whoever calls; what
  // changes with the clock or with every step alone goes with the tick, every 15 s.
  void on_second() override;
  // How many times a viewer was told to begin again, for metrics.
  int64_t viewer_resets() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::telemetry::publish
