#include "telemetry/publish/publisher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/crypto/sha256.h"
#include "telemetry/publish/answer_cache.h"
#include "telemetry/publish/parameters.h"
#include "telemetry/publish/series_json.h"
#include "telemetry/publish/static_files.h"
#include "telemetry/publish/text.h"

namespace longhaul::telemetry::publish {
namespace {

constexpr int64_t kMaxStep = int64_t{1} << 53;  // what a JavaScript number holds
constexpr int64_t kDefaultPoints = 2000;
constexpr int64_t kMaxPoints = 5000;
constexpr int64_t kDefaultEvents = 100;
constexpr int64_t kMaxEvents = 500;
constexpr int64_t kTickMs = 15'000;
constexpr int64_t kRunMs = 900;  // between two looks at the run: each listener has a timer of its own

// Fields of the run that follow from the clock, or that the step frames carry.
constexpr const char* kDerived[] = {"goodput",
                                    "eta_s",
                                    "eta_at",
                                    "eta_low_at",
                                    "eta_high_at",
                                    "time_use",
                                    "last_step_at",
                                    "step",
                                    "tokens",
                                    "loss",
                                    "grad_norm",
                                    "loss_nonfinite",
                                    "learning_rate",
                                    "step_ms",
                                    "loss_digest",
                                    "tokens_per_second",
                                    "unprotected_steps",
                                    "grad_norm_nonfinite"};

json::object without_derived(json::object run) {
  for (const char* name : kDerived) run.erase(name);
  return run;
}

// A cache in front may answer for `shared_s`; browsers ask again and mostly get a 304.
http::Response cacheable(std::string body, int shared_s) {
  http::Response response = http::json_response(std::move(body));
  response.headers.emplace_back("ETag", "\"" + sha256_hex(response.body, 16) + "\"");
  response.headers.emplace_back("Cache-Control", fmt::format("public, max-age=0, s-maxage={}", shared_s));
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  return response;
}

http::Response cacheable(const json::object& o, int shared_s) {
  return cacheable(json::to_text(o), shared_s);
}

// "step_ms" → "ms".
const char* unit_of(std::string_view metric) {
  for (const auto& [end, unit] :
       {std::pair{"_ms", "ms"}, {"_per_second", "1/s"}, {"_bytes", "B"}, {"_s", "s"}, {"flops", "FLOP"}}) {
    if (metric.ends_with(end)) return unit;
  }
  return "";
}

class ViewerStream final : public http::LiveStream {
 public:
  ViewerStream(live::Ring& ring, std::shared_ptr<int64_t> resets)
      : cursor_(ring), resets_(std::move(resets)) {}
  bool receive(std::string_view text) override {
    const bool taken = cursor_.receive(text);
    count();
    return taken;
  }
  live::Frame next() override {
    live::Frame frame = cursor_.next();
    count();
    return frame;
  }

 private:
  void count() { *resets_ += cursor_.resets() - std::exchange(counted_, cursor_.resets()); }
  live::Cursor cursor_;
  std::shared_ptr<int64_t> resets_;  // of all viewers
  int64_t counted_ = 0;
};

}  // namespace

struct Publisher::Impl {
  using Route = http::Response (Impl::*)(const http::Request&);

  json::object with_now(json::object o) const {
    o["now"] = rfc3339(clock.wall_ms());
    return with_live(std::move(o));
  }
  // Every delta up to it is in the answer, whatever a cache has done with it since.
  json::object with_live(json::object o) const {
    o["live"] = position();
    return o;
  }
  json::object position() const { return {{"epoch", ring.epoch()}, {"seq", ring.last_seq()}}; }
  http::Response run(const http::Request&) { return cacheable(with_now(view.run()), 1); }

  http::Response metrics(const http::Request&) {
    const auto names = history.metric_names();
    if (!names) return http::problem(names.error());
    json::array list;
    for (const std::string& name : *names)
      list.push_back(json::object{{"name", name}, {"unit", unit_of(name)}});
    return cacheable({{"metrics", std::move(list)}}, 10);
  }

  http::Response series(const http::Request& request) {
    Parameters p(request, {"metric", "from", "to", "points", "segment"});
    const auto metric = p.text("metric");
    const auto names = history.metric_names();
    if (!names) return http::problem(names.error());
    if (!metric || std::find(names->begin(), names->end(), *metric) == names->end()) {
      p.refuse("metric", metric.value_or(""),
               names->empty() ? std::string("the name of a metric; none is recorded yet")
                              : fmt::format("one of {}", fmt::join(*names, ", ")));
    }
    SeriesQuery query{.metric = metric.value_or(""),
                      .from = p.integer("from", 0, kMaxStep),
                      .to = p.integer("to", 0, kMaxStep)};
    query.points = p.integer("points", 1, kMaxPoints).value_or(kDefaultPoints);
    query.segment = p.integer("segment", 1, kMaxStep);
    if (query.from && query.to && *query.from > *query.to) {
      p.refuse("to", std::to_string(*query.to), fmt::format("at least 'from' ({})", *query.from));
    }
    if (p.wrong()) return *p.wrong();
    const auto result = history.series(query);
    if (!result && result.error().code == ErrorCode::kNotFound && query.segment) {
      return http::bad_parameter("segment", std::to_string(*query.segment),
                                 "the id of one of /api/v1/segments");
    }
    return result ? cacheable(series_text(*result, position()), 2) : http::problem(result.error());
  }

  http::Response segments(const http::Request&) {
    const auto all = history.segments();
    if (!all) return http::problem(all.error());
    json::array list;
    for (const Segment& s : *all) list.push_back(segment_json(s));
    return cacheable(with_live({{"segments", std::move(list)}}), 2);
  }

  http::Response events(const http::Request& request) {
    Parameters p(request, {"after", "limit", "order"});
    const int64_t after = p.integer("after", 0, kMaxStep).value_or(0);
    const int64_t limit = p.integer("limit", 1, kMaxEvents).value_or(kDefaultEvents);
    const bool oldest = p.choice("order", {"asc", "desc"}) == "asc";
    if (p.wrong()) return *p.wrong();
    auto found =
        history.events(after, limit + 1, oldest ? EventOrder::kOldestFirst : EventOrder::kNewestFirst);
    if (!found) return http::problem(found.error());
    const bool more = static_cast<int64_t>(found->size()) > limit;
    if (more) found->pop_back();
    json::array list;
    for (const HistoryEvent& e : *found) list.push_back(event_json(e));
    json::value next = more ? json::value(found->back().id) : json::value(nullptr);
    return cacheable(with_live({{"events", std::move(list)}, {"next", std::move(next)}}), 2);
  }

  http::Response checkpoints(const http::Request&) {
    return cacheable({{"checkpoints", view.checkpoints()}}, 2);
  }
  http::Response nodes(const http::Request&) { return cacheable({{"nodes", view.nodes()}}, 2); }

  http::Response healthz(const http::Request&) { return uncached(http::text_response("ok\n")); }
  http::Response readyz(const http::Request&) {
    return uncached(view.ready() ? http::text_response("ready\n")
                                 : http::problem(503, "Not ready", "no daemon decides about this run yet"));
  }
  static http::Response uncached(http::Response response) {
    if (http::find_field(response.headers, "Cache-Control") == nullptr)
      response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  }

  http::Response respond(const http::Request& request) {
    static constexpr std::pair<std::string_view, Route> kRoutes[] = {
        {"/api/v1/run", &Impl::run},       {"/api/v1/metrics", &Impl::metrics},
        {"/api/v1/series", &Impl::series}, {"/api/v1/segments", &Impl::segments},
        {"/api/v1/events", &Impl::events}, {"/api/v1/checkpoints", &Impl::checkpoints},
        {"/api/v1/nodes", &Impl::nodes},   {"/healthz", &Impl::healthz},
        {"/readyz", &Impl::readyz},
    };
    for (const auto& [path, route] : kRoutes) {
      if (request.path != path) continue;
      http::Response response = (this->*route)(request);
      response.route = path;
      return response;
    }
    if (request.path == "/live") {
      http::Response response = http::problem(426, "Upgrade required", "/live is a WebSocket");
      response.headers.emplace_back("Upgrade", "websocket");
      response.route = "/live";
      return response;
    }
    if (auto file = static_file(assets, request)) return std::move(*file);
    http::Response response =
        http::problem(404, "Not found", "there is nothing here; the routes begin at / and /api/v1/run");
    response.route = "other";
    return response;
  }

  void on_second() {
    const int64_t now_ms = clock.steady_ms();
    if (looked_ms && now_ms - *looked_ms < kRunMs) return;
    looked_ms = now_ms;
    const bool tick = now_ms - last_tick_ms >= kTickMs;
    json::object now = view.run();
    json::object lasting = without_derived(now);
    if (lasting != last_lasting || (tick && now != last_run)) {
      last_lasting = std::move(lasting);
      last_run = now;
      ring.set_run(json::to_text(with_now(std::move(now))));
    }
    if (!tick) return;
    last_tick_ms = now_ms;
    ring.tick(rfc3339(clock.wall_ms()));
  }

  RunView& view;
  HistoryReader& history;
  live::Ring& ring;
  const Clock& clock;
  Assets assets;
  json::object last_run;      // as sent to viewers
  json::object last_lasting;  // without_derived() of it
  std::optional<int64_t> looked_ms;
  AnswerCache answers;
  int64_t last_tick_ms = 0;
  std::shared_ptr<int64_t> resets = std::make_shared<int64_t>(0);
};

Publisher::Publisher(RunView& view, HistoryReader& history, live::Ring& ring, const Clock& clock,
                     Assets assets)
    : impl_(new Impl{view, history, ring, clock, assets}) {}
Publisher::~Publisher() = default;

http::Response Publisher::respond(const http::Request& request) { return impl_->respond(request); }
void Publisher::handle(const http::Request& request, const http::Reply& reply) {
  Impl& i = *impl_;
  const int64_t now_ms = i.clock.steady_ms();
  if (const http::Response* known = i.answers.find(request, now_ms)) return reply(*known);
  http::Response response = i.respond(request);
  i.answers.keep(request, response, now_ms);
  reply(std::move(response));
}
std::unique_ptr<http::LiveStream> Publisher::connect() {
  return std::make_unique<ViewerStream>(impl_->ring, impl_->resets);
}
void Publisher::on_second() { impl_->on_second(); }
int64_t Publisher::viewer_resets() const { return *impl_->resets; }

}  // namespace longhaul::telemetry::publish
