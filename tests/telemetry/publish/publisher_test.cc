#include "telemetry/publish/publisher.h"

#include <optional>

#include <gmock/gmock.h>

#include "tests/telemetry/history/fixture.h"

namespace longhaul::telemetry::publish {
namespace {

using testing::HasSubstr;

class FakeView final : public RunView {
 public:
  json::object run() override {
    ++asked;
    json::object o{{"run", "demo"}, {"step", step}};
    if (goodput) o["goodput"] = *goodput;
    if (restarts) o["restarts"] = *restarts;
    return o;
  }
  json::array nodes() override { return {json::object{{"name", "node-0"}}}; }
  json::array checkpoints() override { return {json::object{{"step", 20}}, json::object{{"step", 10}}}; }
  bool ready() override { return is_ready; }
  int64_t step = 3;
  std::optional<double> goodput;
  std::optional<int64_t> restarts;
  int asked = 0;
  bool is_ready = true;
};

class FakeClock final : public Clock {
 public:
  int64_t wall_ms() const override { return 1'700'000'000'000 + now_ms; }
  int64_t steady_ms() const override { return 1'000'000 + now_ms; }
  int64_t now_ms = 0;
};

class PublisherTest : public HistoryTest {
 protected:
  PublisherTest()
      : reader_(HistoryReader::open(path_).value()), publisher_(view_, reader_, ring_, clock_, kPage) {
    segment_ = history_->begin_segment(0, std::nullopt, 1, "start").value();
  }
  void record_steps(int64_t last) {
    HistoryBatch batch;
    for (int64_t s = 1; s <= last; ++s)
      batch.steps.push_back({segment_, step_record(s, 1.0 / static_cast<double>(s)), ""});
    ASSERT_TRUE(history_->record_batch(batch));
  }
  http::Response get(const std::string& target) {
    auto parsed = http::parse_target(target).value();
    http::Request r;
    r.method = "GET";
    r.path = parsed.path;
    r.query = parsed.query;
    return publisher_.respond(r);
  }
  json::object object(const std::string& target) {
    const auto r = get(target);
    EXPECT_EQ(r.status, 200) << r.body;
    return json::parse_object(r.body).value();
  }
  std::string detail(const std::string& target, int status = 400) {
    const auto r = get(target);
    EXPECT_EQ(r.status, status);
    EXPECT_EQ(*http::find_field(r.headers, "Content-Type"), "application/problem+json");
    return json::string_or(json::parse_object(r.body).value(), "detail", "");
  }

  static constexpr Asset kPage[] = {
      {.path = "/index.html", .content_type = "text/html", .raw = "<p>", .etag = "\"p\""}};
  FakeView view_;
  FakeClock clock_;
  live::Ring ring_{"epoch", 41};
  HistoryReader reader_;
  Publisher publisher_;
  int64_t segment_ = 0;
};

TEST_F(PublisherTest, TheRunHasTheTimeAndTheLivePosition) {
  EXPECT_EQ(get("/api/v1/run").body,
            R"({"run":"demo","step":3,"now":"2023-11-14T22:13:20.000Z","live":{"epoch":"epoch","seq":41}})");
  EXPECT_EQ(get("/api/v1/run").route, "/api/v1/run");
}

TEST_F(PublisherTest, ASeriesIsWhatTheHistoryHasAndItsTagChangesWithIt) {
  record_steps(100);
  const auto o = object("/api/v1/series?metric=loss&from=5&to=24&points=5");
  EXPECT_EQ(o.at("level").as_int64(), 2);
  EXPECT_EQ(json::to_text(o.at("step")), "[5,16]");
  EXPECT_EQ(json::to_text(o.at("last_step")), "[15,24]");
  EXPECT_EQ(json::to_text(o.at("n")), "[11,9]");
  const auto first = get("/api/v1/series?metric=loss");
  EXPECT_EQ(*http::find_field(get("/api/v1/series?metric=loss").headers, "ETag"),
            *http::find_field(first.headers, "ETag"));
  history_->record(segment_, step_record(101, 0.5)).value();
  EXPECT_NE(*http::find_field(get("/api/v1/series?metric=loss").headers, "ETag"),
            *http::find_field(first.headers, "ETag"));
  EXPECT_THAT(*http::find_field(first.headers, "Cache-Control"), HasSubstr("s-maxage=2"));
}

TEST_F(PublisherTest, BadParametersOfASeriesSayWhatIsRight) {
  EXPECT_EQ(detail("/api/v1/series?metric=loss"),
            "parameter 'metric' is 'loss'; it must be the name of a metric; none is recorded yet");
  record_steps(1);
  EXPECT_EQ(detail("/api/v1/series"), "parameter 'metric' is ''; it must be one of grad_norm, loss");
  EXPECT_EQ(detail("/api/v1/series?metric=loss&points=0"),
            "parameter 'points' is '0'; it must be an integer from 1 to 5000");
  EXPECT_EQ(detail("/api/v1/series?metric=loss&from=9&to=8"),
            "parameter 'to' is '8'; it must be at least 'from' (9)");
  EXPECT_THAT(detail("/api/v1/series?metric=loss&segment=9"), HasSubstr("parameter 'segment' is '9'"));
  EXPECT_THAT(detail("/api/v1/events?limit=501"), HasSubstr("an integer from 1 to 500"));
}

TEST_F(PublisherTest, EventsPageThroughAllOfThemInBothDirections) {
  for (int i = 1; i <= 7; ++i) ASSERT_TRUE(history_->add_event({.step = i, .kind = "paused"}));
  for (const std::string order : {"asc", "desc"}) {
    std::vector<int64_t> steps;
    std::string next = "0";
    while (!next.empty()) {
      const auto page = object("/api/v1/events?limit=3&order=" + order + "&after=" + next);
      for (const auto& e : page.at("events").as_array()) steps.push_back(e.at("step").as_int64());
      next = page.at("next").is_null() ? "" : std::to_string(page.at("next").as_int64());
      ASSERT_LE(steps.size(), 7U);
    }
    if (order == "desc") std::reverse(steps.begin(), steps.end());
    EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7})) << order;
  }
}

TEST_F(PublisherTest, TheOtherRoutesAnswer) {
  record_steps(2);
  EXPECT_EQ(get("/api/v1/metrics").body,
            R"({"metrics":[{"name":"grad_norm","unit":""},{"name":"loss","unit":""}]})");
  EXPECT_EQ(get("/api/v1/nodes").body, R"({"nodes":[{"name":"node-0"}]})");
  EXPECT_EQ(get("/api/v1/checkpoints").body, R"({"checkpoints":[{"step":20},{"step":10}]})");
  EXPECT_EQ(
      get("/api/v1/segments").body,
      R"({"segments":[{"id":1,"branch":0,"parent":null,"first_step":1,"end_step":2,"cut_step":null,"reason":"start"}],"live":{"epoch":"epoch","seq":41}})");
  EXPECT_EQ(get("/").static_body, "<p>");
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  view_.is_ready = false;
  EXPECT_THAT(detail("/readyz", 503), HasSubstr("no daemon"));
  EXPECT_EQ(get("/live").status, 426);
  EXPECT_THAT(detail("/nothing", 404), HasSubstr("/api/v1/run"));
  EXPECT_EQ(get("/nothing").route, "other");
}

TEST_F(PublisherTest, UnitsFollowFromTheNames) {
  ASSERT_TRUE(history_->record(segment_, {1, 0, 0, {{"step_ms", 1}, {"tokens_per_second", 1}}}));
  EXPECT_EQ(get("/api/v1/metrics").body,
            R"({"metrics":[{"name":"step_ms","unit":"ms"},{"name":"tokens_per_second","unit":"1/s"}]})");
}

TEST_F(PublisherTest, WhatChangesWithTheClockAndWithEveryStepGoesWithTheTickAlone) {
  publisher_.on_second();
  auto viewer = publisher_.connect();
  ASSERT_TRUE(viewer->receive(R"({"epoch":"epoch","seq":41})"));
  while (viewer->next()) {
  }
  std::string last;
  int runs = 0;
  for (int half = 1; half <= 60; ++half) {  // two listeners, each with a timer of its own
    clock_.now_ms += 500;
    ++view_.step;
    view_.goodput = 1.0 / half;
    publisher_.on_second();
    while (const auto frame = viewer->next()) {
      if (frame->find(R"("type":"run")") == std::string::npos) continue;
      ++runs;
      last = *frame;
    }
  }
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(last, HasSubstr(R"("step":63)"));
  EXPECT_LE(view_.asked, 31) << "once a second";
}

TEST_F(PublisherTest, TheSeriesAndTheEventsSayWhichDeltasTheyHold) {
  record_steps(1);
  for (const char* target : {"/api/v1/series?metric=loss", "/api/v1/events", "/api/v1/segments"})
    EXPECT_EQ(json::to_text(object(target).at("live")), R"({"epoch":"epoch","seq":41})") << target;
}

TEST_F(PublisherTest, ACrowdThatAsksTheSameIsAnsweredOnceASecondAndOperatorsAtOnce) {
  const http::Request r{.method = "GET", .path = "/api/v1/run"};
  std::string body;
  const auto ask = [&] { publisher_.handle(r, [&](const http::Response& a) { body = a.body; }); };
  for (int i = 0; i < 100; ++i) ask();
  EXPECT_EQ(view_.asked, 1);
  view_.step = 4;
  ask();
  EXPECT_THAT(body, HasSubstr(R"("step":3)"));
  EXPECT_THAT(publisher_.respond(r).body, HasSubstr(R"("step":4)"));
  clock_.now_ms += 1001;
  ask();
  EXPECT_THAT(body, HasSubstr(R"("step":4)"));
}

TEST_F(PublisherTest, ViewersGetTheRunWhenItChangesAndATickEveryFifteenSeconds) {
  publisher_.on_second();  // the first one, before anybody came
  auto viewer = publisher_.connect();
  ASSERT_TRUE(viewer->receive(R"({"epoch":"epoch","seq":41})"));
  EXPECT_THAT(*viewer->next(), HasSubstr("hello"));
  while (viewer->next()) {
  }
  int runs = 0;
  int ticks = 0;
  for (int second = 1; second <= 45; ++second) {
    clock_.now_ms += 1000;
    if (second % 9 == 0) view_.restarts = second;
    publisher_.on_second();
    while (const auto frame = viewer->next()) {
      runs += frame->find(R"("type":"run")") != std::string::npos;
      ticks += frame->find(R"("type":"tick")") != std::string::npos;
    }
  }
  EXPECT_EQ(runs, 5);
  EXPECT_EQ(ticks, 3);
  EXPECT_EQ(publisher_.viewer_resets(), 0);
  auto stranger = publisher_.connect();
  ASSERT_TRUE(stranger->receive(R"({"epoch":"another","seq":1})"));
  EXPECT_THAT(*stranger->next(), HasSubstr("reset"));
  EXPECT_EQ(publisher_.viewer_resets(), 1);
}

}  // namespace
}  // namespace longhaul::telemetry::publish
