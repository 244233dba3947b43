#include "telemetry/http/server.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "tests/support/temporary_folder.h"
#include "tests/telemetry/http/fixture.h"

namespace longhaul::telemetry::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

void say_ok(const Request&, const Reply& reply) { reply(text_response("ok")); }
constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Server, APortInUseIsAConflict) {
  RunningServer first({}, say_ok);
  boost::asio::io_context context;
  HttpServer second(context, {}, say_ok);
  const auto listening = second.listen(first.endpoint());
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::kConflict);
  EXPECT_THAT(listening.error().message, HasSubstr(first.endpoint()));
}

TEST(Server, AUnixListenerKnowsWhoAsksAndRemovesItsFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "operator.sock";
  {
    RunningServer server(
        {},
        [](const Request& r, const Reply& reply) {
          reply(text_response(r.remote + "|" + std::to_string(r.peer_uid.value_or(77))));
        },
        nullptr, nullptr, "unix:" + path);
    EXPECT_EQ(request("unix:" + path, "GET", "/").value().body, "|" + std::to_string(::getuid()));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(Server, ConnectionsOfOneAddressAreLimited) {
  RunningServer server({.connections_per_address = 2, .limit_loopback = true}, say_ok);
  auto first = std::make_unique<RawClient>(server.endpoint());
  RawClient second(server.endpoint());
  ASSERT_TRUE(
      eventually([&] { return server.on_thread([&] { return server.server().connections(); }) == 2; }));
  EXPECT_THAT(
      RawClient(server.endpoint()).read_all(),
      testing::AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("Content-Type: application/problem+json\r\n"),
                     HasSubstr(R"("status":429)"), HasSubstr("Retry-After: 10\r\n")));
  first.reset();
  EXPECT_TRUE(eventually([&] { return request(server.endpoint(), "GET", "/").value().status == 200; }));
}

TEST(Server, AllConnectionsTogetherAreLimited) {
  RunningServer server({.connections = 1}, say_ok);
  RawClient only(server.endpoint());
  ASSERT_TRUE(
      eventually([&] { return server.on_thread([&] { return server.server().connections(); }) == 1; }));
  EXPECT_EQ(request(server.endpoint(), "GET", "/").value().status, 429);
}

TEST(Server, OutOfDescriptorsItWaitsAndGoesOnWhenThereAreSome) {
  class Refusals final : public Observer {
   public:
    std::atomic<int> count = 0;
    void connection_refused(std::string_view) override { ++count; }
  } refusals;
  RunningServer server({}, say_ok, nullptr, &refusals);
  RawClient waiting(server.endpoint());  // before the limit: the client needs a descriptor too
  waiting.send(kGet);
  EXPECT_THAT(waiting.read(12), "HTTP/1.1 200");
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  std::vector<std::unique_ptr<RawClient>> backlog;
  backlog.push_back(std::make_unique<RawClient>(server.endpoint()));
  ASSERT_TRUE(
      eventually([&] { return server.on_thread([&] { return server.server().connections(); }) == 2; }));
  const UniqueFd next(::socket(AF_INET, SOCK_STREAM, 0));
  rlimit tight = usual;
  tight.rlim_cur = static_cast<rlim_t>(next.get()) + 1;
  ::setrlimit(RLIMIT_NOFILE, &tight);
  const auto begun = std::chrono::steady_clock::now();
  const Endpoint e = parse_endpoint(server.endpoint()).value();
  EXPECT_EQ(::connect(next.get(), reinterpret_cast<const sockaddr*>(&e.address), e.size_bytes), 0);
  const bool refused = eventually([&] { return refusals.count > 0; });
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  const int tries = refusals.count;
  const auto waited = std::chrono::steady_clock::now() - begun;
  ::setrlimit(RLIMIT_NOFILE, &usual);
  EXPECT_TRUE(refused);
  EXPECT_LE(tries, waited / std::chrono::milliseconds(200) + 2) << "every 200 ms, not a busy loop";
  ::send(next.get(), kGet, std::string_view(kGet).size(), 0);
  char answer[12] = {};
  EXPECT_EQ(::recv(next.get(), answer, 12, MSG_WAITALL), 12);
}

TEST(Server, ClosingDropsEveryConnection) {
  auto server = std::make_unique<RunningServer>(ServerOptions{}, say_ok);
  RawClient client(server->endpoint());
  client.send(kGet);
  EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 200"));
  client.read(2);
  server.reset();
  EXPECT_EQ(client.read(1), "");
}

}  // namespace
}  // namespace longhaul::telemetry::http
