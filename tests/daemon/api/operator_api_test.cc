#include "daemon/api/operator_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/history/history.h"
#include "telemetry/history/reader.h"
#include "telemetry/live/ring.h"
#include "tests/daemon/api/view_fixture.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The engine behind the API is the test: `ran_` is what came through, `decide_` the answer; with `later_`
// the answers are kept for the test to give.
class OperatorApiTest : public ViewTest {
 protected:
  OperatorApiTest()
      : history_(telemetry::History::open(folder_ / "history.db").value()),
        reader_(telemetry::HistoryReader::open(folder_ / "history.db").value()),
        ring_("epoch", 0),
        publisher_(view_, reader_, ring_, clock_, {}),
        api_(view_, publisher_,
             [this](const OperatorCommand& c, bool dry_run, const std::function<void(Reply)>& done) {
               ran_.push_back(fmt::format("{} by {} because '{}'{}", c.command, c.who, c.reason,
                                          dry_run ? " (dry)" : ""));
               later_ ? waiting_.push_back(done) : done(decide_);
             }) {}

  // The answers so far to one request: exactly one in the end.
  std::shared_ptr<std::vector<http::Response>> send(http::Request request) {
    auto answers = std::make_shared<std::vector<http::Response>>();
    api_.handle(request, [answers](http::Response r) { answers->push_back(std::move(r)); });
    return answers;
  }
  http::Response ask(const std::string& method, const std::string& path, const std::string& body = "",
                     const std::string& key = "") {
    http::Request r{.method = method, .path = path, .body = body, .peer_uid = 1000};
    if (!key.empty()) r.headers = {{"idempotency-key", key}};
    const auto answers = send(r);
    EXPECT_EQ(answers->size(), 1U);
    return answers->empty() ? http::Response{.status = 0} : answers->front();
  }
  http::Response post(const std::string& command, const std::string& body = "", const std::string& key = "") {
    return ask("POST", "/api/v1/commands/" + command, body, key);
  }
  static json::object body_of(const http::Response& r) { return json::parse_object(r.body).value(); }
  static std::string header(const http::Response& r, std::string_view name) {
    const std::string* value = http::find_field(r.headers, name);
    return value == nullptr ? "(none)" : *value;
  }

  TemporaryFolder folder_;
  std::unique_ptr<telemetry::History> history_;
  telemetry::HistoryReader reader_;
  telemetry::live::Ring ring_;
  telemetry::publish::Publisher publisher_;
  std::vector<std::string> ran_;
  std::vector<std::function<void(Reply)>> waiting_;
  Reply decide_{true, "saving, then pausing"};
  bool later_ = false;
  OperatorApi api_;
};

TEST_F(OperatorApiTest, ACommandIsPassedOnWithWhoAskedAndWhyAndItsAnswerComesBack) {
  const auto r = post("pause", R"({"reason":"maintenance"})");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(json::value(body_of(r)),
            parsed(R"({"accepted":true,"dry_run":false,"message":"saving, then pausing"})"));
  EXPECT_THAT(ran_, ElementsAre("pause by uid 1000 because 'maintenance'"));
}

TEST_F(OperatorApiTest, AllFourCommandsExistAndNeedNoBody) {
  for (const char* name : {"pause", "resume", "stop", "checkpoint"}) EXPECT_EQ(post(name).status, 200);
  EXPECT_THAT(ran_, ElementsAre("pause by uid 1000 because ''", "resume by uid 1000 because ''",
                                "stop by uid 1000 because ''", "checkpoint by uid 1000 because ''"));
}

TEST_F(OperatorApiTest, WhatCannotBeDoneNowIsAConflictThatSaysWhy) {
  decide_ = {false, "the run is complete"};
  const auto r = post("pause");
  EXPECT_EQ(r.status, 409);
  EXPECT_EQ(header(r, "content-type"), "application/problem+json");
  EXPECT_EQ(body_of(r).at("detail"), "the run is complete");
}

TEST_F(OperatorApiTest, ADryRunIsPassedOnAsSuch) {
  const auto r = post("stop", R"({"dry_run":true})");
  EXPECT_EQ(body_of(r).at("dry_run"), true);
  EXPECT_THAT(ran_, ElementsAre("stop by uid 1000 because '' (dry)"));
}

TEST_F(OperatorApiTest, TheSameKeyGetsTheFirstAnswerAgainAndNothingIsDoneTwice) {
  const auto first = post("pause", R"({"reason":"a"})", "k1");
  decide_ = {false, "already"};
  const auto second = post("pause", R"({"reason":"a"})", "k1");
  EXPECT_EQ(second.status, first.status);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(ran_.size(), 1U);
  EXPECT_EQ(post("pause", "", "k2").status, 409) << "another key is another command";
  EXPECT_EQ(ran_.size(), 2U);
}

TEST_F(OperatorApiTest, WithoutAKeyEveryRequestIsACommandOfItsOwn) {
  post("checkpoint");
  post("checkpoint");
  EXPECT_EQ(ran_.size(), 2U);
}

TEST_F(OperatorApiTest, AKeyThatWasUsedForAnotherCommandIsRefused) {
  post("pause", "", "k");
  const auto r = post("resume", "", "k");
  EXPECT_EQ(r.status, 422);
  EXPECT_THAT(r.body, HasSubstr("'pause'"));
  EXPECT_EQ(ran_.size(), 1U);
}

TEST_F(OperatorApiTest, AKeyThatWasUsedWithAnotherReasonIsRefused) {
  post("pause", R"({"reason":"a"})", "k");
  const auto r = post("pause", R"({"reason":"b"})", "k");
  EXPECT_EQ(r.status, 422);
  EXPECT_THAT(r.body, HasSubstr("the reason 'a'"));
  EXPECT_EQ(ran_.size(), 1U);
}

TEST_F(OperatorApiTest, ARefusalIsNotRememberedAndTakesNobodysPlace) {
  post("checkpoint", "", "first");
  decide_ = {false, "not now"};
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(post("pause", "", "k" + std::to_string(i)).status, 409);
  decide_ = {true, "done"};
  EXPECT_EQ(post("pause", "", "k7").status, 200);
  const size_t before = ran_.size();
  post("checkpoint", "", "first");
  EXPECT_EQ(ran_.size(), before) << "first is remembered";
}

TEST_F(OperatorApiTest, ADryRunDoesNotUseUpItsKey) {
  post("pause", R"({"dry_run":true})", "k");
  EXPECT_EQ(body_of(post("pause", "", "k")).at("dry_run"), false);
  EXPECT_EQ(ran_.size(), 2U);
}

TEST_F(OperatorApiTest, ASecondRequestWithTheKeyOfOneBeingDecidedIsToldToAskAgain) {
  later_ = true;
  http::Request r{.method = "POST", .path = "/api/v1/commands/pause", .headers = {{"Idempotency-Key", "k"}}};
  const auto first = send(r);
  EXPECT_THAT(*first, IsEmpty());
  EXPECT_EQ(post("pause", "", "k").status, 409);
  ASSERT_EQ(waiting_.size(), 1U);
  waiting_[0]({true, "done"});
  ASSERT_EQ(first->size(), 1U);
  EXPECT_EQ(first->front().status, 200);
  EXPECT_EQ(post("pause", "", "k").body, first->front().body);
  EXPECT_THAT(ran_, ElementsAre("pause by unknown because ''"));
}

TEST_F(OperatorApiTest, AnAnswerThatComesAfterTheApiIsGoneStillReachesItsClient) {
  later_ = true;
  auto api = std::make_unique<OperatorApi>(
      view_, publisher_, [this](const OperatorCommand&, bool, const std::function<void(Reply)>& done) {
        waiting_.push_back(done);
      });
  int status = 0;
  http::Request r{.method = "POST", .path = "/api/v1/commands/pause", .headers = {{"Idempotency-Key", "k"}}};
  api->handle(r, [&](const http::Response& response) { status = response.status; });
  api.reset();
  waiting_.at(0)({true, "done"});
  EXPECT_EQ(status, 200);
}

TEST_F(OperatorApiTest, OnlyTheNewestThousandKeysAreKept) {
  for (int i = 0; i <= 1000; ++i) post("checkpoint", "", "k" + std::to_string(i));
  post("checkpoint", "", "k1");
  EXPECT_EQ(ran_.size(), 1001U) << "k1 is remembered";
  post("checkpoint", "", "k0");
  EXPECT_EQ(ran_.size(), 1002U) << "k0 is forgotten";
}

TEST_F(OperatorApiTest, AnUnknownCommandIsNotFoundAndNamesThoseThatThereAre) {
  for (const char* name : {"halt", "", "pause/", "PAUSE", "pause/x"}) {
    const auto r = post(name);
    EXPECT_EQ(r.status, 404) << name;
    EXPECT_THAT(r.body, HasSubstr("known are pause, resume, stop and checkpoint")) << name;
  }
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(OperatorApiTest, CommandsArePostAndEverythingElseIsReadAndTheAnswerSaysSo) {
  const auto read = ask("GET", "/api/v1/commands/pause");
  EXPECT_EQ(read.status, 405);
  EXPECT_EQ(header(read, "allow"), "POST");
  const auto written = ask("POST", "/api/v1/run");
  EXPECT_EQ(written.status, 405);
  EXPECT_EQ(header(written, "allow"), "GET, HEAD");
  EXPECT_EQ(ask("DELETE", "/api/v1/commands/pause").status, 405);
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(OperatorApiTest, ABodyThatIsNotExactlyWhatIsKnownIsRefusedAndNamesTheField) {
  const std::pair<std::string, const char*> bad[] = {
      {R"({"resaon":"x"})", "'resaon'"},
      {R"({"reason":5})", "'reason'"},
      {R"({"dry_run":"yes"})", "'dry_run'"},
      {R"({"dry_run":null})", "'dry_run'"},
      {"[]", "JSON object"},
      {"{", "JSON"},
      {R"({"reason":")" + std::string(1001, 'x') + R"("})", "at most 1000"}};
  for (const auto& [body, said] : bad) {
    const auto r = post("pause", body, "k");
    EXPECT_EQ(r.status, 400) << body;
    EXPECT_THAT(r.body, HasSubstr(said)) << body;
  }
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_EQ(post("pause", R"({"reason":")" + std::string(1000, 'x') + R"("})", "k").status, 200)
      << "and none of them used up the key";
}

TEST_F(OperatorApiTest, OperatorsSeeWhatThePublicSees) {
  const auto run = ask("GET", "/api/v1/run");
  EXPECT_EQ(run.status, 200);
  EXPECT_EQ(body_of(run).at("run"), "demo");
  EXPECT_EQ(ask("GET", "/api/v1/nothing").status, 404);
}

TEST_F(OperatorApiTest, OperatorsSeeProcessIdsAndThePublicDoesNot) {
  RunState s;
  s.nodes = {{"node-0", {}}};
  show(s);
  rows_["node-0"] = {4711, 20, {}};
  EXPECT_THAT(ask("GET", "/api/v1/nodes").body, HasSubstr("4711"));
  http::Request r{.method = "GET", .path = "/api/v1/nodes"};
  const http::Response seen_by_all = publisher_.respond(r);
  EXPECT_EQ(seen_by_all.status, 200);
  EXPECT_THAT(seen_by_all.body, testing::Not(HasSubstr("4711")));
}

TEST_F(OperatorApiTest, DescribesItself) {
  const json::object paths = json::get_object(body_of(ask("GET", "/openapi.json")), "paths").value();
  for (const char* name : {"pause", "resume", "stop", "checkpoint"}) {
    EXPECT_TRUE(paths.contains(std::string("/api/v1/commands/") + name)) << name;
  }
  EXPECT_TRUE(paths.contains("/api/v1/run"));
}

}  // namespace
}  // namespace longhaul::daemon
