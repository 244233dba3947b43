#include "telemetry/http/client.h"

#include "tests/telemetry/http/fixture.h"

namespace longhaul::telemetry::http {
namespace {

// Accepts one connection, reads a little, says `answer` and closes; or holds still when it is empty.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : listener_(listen_on(parse_endpoint("127.0.0.1:0").value()).value()) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      int fd = -1;
      while ((fd = ::accept(listener_.fd.get(), nullptr, nullptr)) < 0 && !stop_) usleep(1000);
      char chunk[4096];
      if (fd >= 0 && ::recv(fd, chunk, sizeof chunk, 0) > 0) (void)!::write(fd, answer.data(), answer.size());
      while (answer.empty() && !stop_) usleep(1000);
      ::close(fd);
    });
  }
  ~OneAnswer() {
    stop_ = true;
    thread_.join();
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(listener_.port); }

 private:
  Listener listener_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

ErrorCode failure(const std::string& answer) {
  const OneAnswer server(answer);
  const int64_t timeout_ms = answer.empty() ? 300 : 60'000;  // what answers is waited for
  return request(server.endpoint(), "GET", "/", {}, "", timeout_ms).error().code;
}

TEST(Client, NobodyThereIsUnavailable) {
  uint16_t port = 0;
  { port = listen_on(parse_endpoint("127.0.0.1:0").value()).value().port; }
  EXPECT_EQ(request("127.0.0.1:" + std::to_string(port), "GET", "/").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(request("unix:/nonexistent/socket", "GET", "/").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(request("nonsense", "GET", "/").error().code, ErrorCode::kInvalid);
}

TEST(Client, AnAnswerThatStopsOrIsNoneIsAnError) {
  EXPECT_EQ(failure(""), ErrorCode::kTimeout);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), ErrorCode::kClosed);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nConte"), ErrorCode::kClosed);
  EXPECT_EQ(failure("SSH-2.0-OpenSSH\r\n\r\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), ErrorCode::kCorrupt);
}

TEST(Client, AnAnswerWithoutALengthEndsWithTheConnection) {
  const OneAnswer server("HTTP/1.1 203 Some\r\nX-A:  b\r\n\r\nuntil the end");
  const auto r = request(server.endpoint(), "GET", "/").value();
  EXPECT_EQ(r.status, 203);
  EXPECT_EQ(*r.header("x-a"), "b");
  EXPECT_EQ(r.body, "until the end");
}

}  // namespace
}  // namespace longhaul::telemetry::http
