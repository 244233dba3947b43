#include <gmock/gmock.h>

#include "base/json/json.h"
#include "tests/telemetry/http/fixture.h"

namespace longhaul::telemetry::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Says what it was asked.
void echo(const Request& r, const Reply& reply) {
  std::string text = r.method + " " + r.path;
  for (const auto& [name, value] : r.query) text += " " + name + "=" + value;
  if (!r.body.empty()) text += " body=" + r.body;
  reply(text_response(text));
}

std::string ask(RunningServer& server, const std::string& bytes) {
  RawClient client(server.endpoint());
  client.send(bytes);
  return client.read_all();
}

TEST(HttpConnection, AnswersWithLengthSecurityHeadersAndKeepsTheConnection) {
  RunningServer server({}, echo);
  RawClient client(server.endpoint());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /a?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_head(),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 10\r\n"),
                      HasSubstr("Content-Security-Policy: default-src 'none';"),
                      HasSubstr("X-Content-Type-Options: nosniff\r\n"), Not(HasSubstr("Connection: close"))));
    EXPECT_EQ(client.read(10), "GET /a x=1");
  }
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");  // pipelined
  EXPECT_THAT(client.read_all(),
              AllOf(HasSubstr("GET /1"), HasSubstr("GET /2"), HasSubstr("Connection: close")));
}

TEST(HttpConnection, HeadIsGetWithoutItsBody) {
  RunningServer server({}, echo);
  RawClient client(server.endpoint());
  client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.read_head(), HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(client.read(6), "GET /b");
}

TEST(HttpConnection, ARefusedHeadHasNoBodyEither) {
  RunningServer server({}, echo);
  EXPECT_THAT(ask(server, "HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 400"), testing::EndsWith("\r\n\r\n")));
}

TEST(HttpConnection, EveryAnswerHasItsDate) {
  RunningServer server({}, echo);
  EXPECT_THAT(
      ask(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      testing::ContainsRegex("\r\nDate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] [0-9]+ [0-9:]+ GMT\r\n"));
}

TEST(HttpConnection, AKnownEtagIsAnsweredWithoutABody) {
  RunningServer server({}, [](const Request&, const Reply& reply) {
    Response r = text_response("content");
    r.headers.emplace_back("ETag", "\"v1\"");
    reply(std::move(r));
  });
  const auto fresh = request(server.endpoint(), "GET", "/").value();
  EXPECT_EQ(fresh.body, "content");
  const auto known = request(server.endpoint(), "GET", "/", {{"If-None-Match", "W/\"v1\""}}).value();
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(*known.header("etag"), "\"v1\"");
  EXPECT_EQ(known.header("content-length"), nullptr);
  EXPECT_EQ(request(server.endpoint(), "GET", "/", {{"If-None-Match", "\"v0\""}}).value().status, 200);
}

TEST(HttpConnection, BadRequestsGetAProblemAndTheConnectionEnds) {
  RunningServer server({}, echo);
  const std::pair<const char*, const char*> cases[] = {
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "413"},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello", "400"},
      {"GET / HTTP/1.1\r\nHost a\r\n\r\n", "400"},
  };
  for (const auto& [bytes, status] : cases) {
    const std::string answer = ask(server, bytes);
    EXPECT_THAT(answer,
                AllOf(StartsWith(std::string("HTTP/1.1 ") + status), HasSubstr("application/problem+json"),
                      HasSubstr("Connection: close"), HasSubstr("\"detail\"")))
        << bytes;
  }
  EXPECT_THAT(ask(server, cases[0].first), HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST(HttpConnection, AHeaderLargerThanTheLimitIsRefused) {
  RunningServer server({}, echo);
  EXPECT_THAT(ask(server, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) many += "a: b\r\n";
  EXPECT_THAT(ask(server, many + "\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(ask(server, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(7000, 'x') +
                              "\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST(HttpConnection, AHeaderThatTricklesInIsCutOffAtOneDeadline) {
  RunningServer server({.header_timeout_ms = 300}, echo);
  constexpr int kPatience_s = 60;
  RawClient client(server.endpoint(), kPatience_s);
  const auto start = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  std::atomic<bool> cut_off = false;
  std::thread trickle([&] {
    while (!cut_off) {  // a deadline that each line moved would never come
      client.send("x: y\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_EQ(client.read_all(), "");
  const auto took = std::chrono::steady_clock::now() - start;
  cut_off = true;
  trickle.join();
  EXPECT_GE(took, std::chrono::milliseconds(250));
  EXPECT_LT(took, std::chrono::seconds(kPatience_s));
}

TEST(HttpConnection, AnAnswerMayComeLaterFromAnotherThreadAndOnlyOnce) {
  std::vector<std::thread> workers;
  {
    RunningServer server({}, [&](const Request& r, Reply reply) {
      workers.emplace_back([path = r.path, reply = std::move(reply)] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        reply(text_response("first " + path));
        reply(text_response("second"));
      });
    });
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(request(server.endpoint(), "GET", "/" + std::to_string(i)).value().body,
                "first /" + std::to_string(i));
    }
    for (auto& w : workers) w.join();
  }
}

// The thread that drops the last reply must not be the one that ends the connection.
TEST(HttpConnection, AReplyThatIsStillHeldKeepsNoConnectionOfAClosedServer) {
  Reply held;
  RunningServer server({}, [&](const Request&, Reply reply) { held = std::move(reply); });
  RawClient client(server.endpoint());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.on_thread([&] { return held != nullptr; }); }));
  server.on_thread([&] { server.server().close(); });
  EXPECT_TRUE(
      eventually([&] { return server.on_thread([&] { return server.server().connections(); }) == 0; }));
  held(text_response("too late"));
}

TEST(HttpConnection, AHandlerThatNeverAnswersIsATimeout) {
  RunningServer server({.reply_timeout_ms = 100}, [](const Request&, const Reply&) {});
  EXPECT_EQ(request(server.endpoint(), "GET", "/").value().status, 504);
}

TEST(HttpConnection, OperatorsMayPostUpToTheLimit) {
  RunningServer server({.allow_post = true, .body_limit_bytes = 64 * 1024}, echo);
  const std::string body(64 * 1024, 'x');
  EXPECT_EQ(request(server.endpoint(), "POST", "/c", {}, body).value().body, "POST /c body=" + body);
  EXPECT_EQ(request(server.endpoint(), "POST", "/c", {}, body + "x").value().status, 413);
  EXPECT_EQ(request(server.endpoint(), "POST", "/c").value().body, "POST /c");
}

TEST(HttpConnection, TheObserverHearsOfRouteStatusAndTime) {
  class Log final : public Observer {
   public:
    std::string text;
    void request_done(std::string_view route, int status, double seconds) override {
      text += std::string(route) + " " + std::to_string(status) + (seconds >= 0 && seconds < 5 ? ";" : "?");
    }
  } log;
  {
    RunningServer server(
        {},
        [](const Request&, const Reply& reply) {
          Response r = text_response("", 404);
          r.route = "/r";
          reply(std::move(r));
        },
        nullptr, &log);
    (void)request(server.endpoint(), "GET", "/");
    (void)ask(server, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_EQ(log.text, "/r 404; 405;");
}

TEST(HttpConnection, ALargeStaticAnswerArrivesWhole) {
  static const std::string large(5 << 20, 'z');
  RunningServer server({}, [](const Request&, const Reply& reply) { reply(Response{.static_body = large}); });
  EXPECT_EQ(request(server.endpoint(), "GET", "/").value().body, large);
}

}  // namespace
}  // namespace longhaul::telemetry::http
