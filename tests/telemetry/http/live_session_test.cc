#include <deque>
#include <mutex>

#include <gmock/gmock.h>

#include "tests/telemetry/http/fixture.h"

namespace longhaul::telemetry::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A WebSocket client of a few lines: masked frames out, unmasked frames in.
class Viewer {
 public:
  explicit Viewer(const std::string& endpoint) : raw_(endpoint) {
    raw_.send(
        "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    head_ = raw_.read_head();
  }
  const std::string& head() const { return head_; }
  RawClient& raw() { return raw_; }

  void send(std::string_view text, int opcode = 1) {
    std::string frame{static_cast<char>(0x80 | opcode)};
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += {static_cast<char>(0x80 | 126), static_cast<char>(text.size() >> 8),
                static_cast<char>(text.size() & 255)};
    }
    const char mask[4] = {1, 2, 3, 4};
    frame.append(mask, 4);
    for (size_t i = 0; i < text.size(); ++i) frame += static_cast<char>(text[i] ^ mask[i % 4]);
    raw_.send(frame);
  }
  // "text" of a text frame, "close N" of a close frame, "" when the connection ended.
  std::string receive() {
    const std::string start = raw_.read(2);
    if (start.size() < 2) return "";
    size_t size = static_cast<unsigned char>(start[1]);
    if (size == 126) {
      const std::string more = raw_.read(2);
      size =
          static_cast<size_t>(static_cast<unsigned char>(more[0])) << 8 | static_cast<unsigned char>(more[1]);
    }
    const std::string payload = raw_.read(size);
    const int opcode = start[0] & 15;
    if (opcode != 8) return payload;
    return "close " + std::to_string(static_cast<unsigned char>(payload[0]) << 8 |
                                     static_cast<unsigned char>(payload[1]));
  }

 private:
  RawClient raw_;
  std::string head_;
};

// Every viewer gets every text that is published after it came.
class Source final : public LiveSource {
 public:
  std::unique_ptr<LiveStream> connect() override {
    auto stream = std::make_unique<One>();
    stream->source = this;
    stream->at = texts.size();
    return stream;
  }
  void on_second() override { ++seconds; }
  std::vector<std::shared_ptr<const std::string>> texts;
  std::atomic<int> seconds = 0;

 private:
  struct One final : LiveStream {
    bool receive(std::string_view text) override { return text != "bad"; }
    std::shared_ptr<const std::string> next() override {
      return at < source->texts.size() ? source->texts[at++] : nullptr;
    }
    Source* source = nullptr;
    size_t at = 0;
  };
};

class LiveTest : public testing::Test {
 protected:
  explicit LiveTest(ServerOptions options = {})
      : server_(
            std::move(options), [](const Request&, const Reply& r) { r(text_response("http")); }, &source_) {}
  void publish(const std::string& text) {
    server_.on_thread([&] {
      source_.texts.push_back(std::make_shared<const std::string>(text));
      server_.server().wake_live();
    });
  }
  size_t sessions() {
    return server_.on_thread([&] { return server_.server().live_sessions(); });
  }
  bool has_sessions(size_t n) {
    return eventually([&] { return sessions() == n; });
  }

  Source source_;
  RunningServer server_;
};

TEST_F(LiveTest, AViewerGetsEveryTextInOrder) {
  Viewer viewer(server_.endpoint());
  EXPECT_THAT(viewer.head(), AllOf(StartsWith("HTTP/1.1 101"), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                                   testing::Not(HasSubstr("deflate"))));
  viewer.send("{}");
  ASSERT_TRUE(has_sessions(1));
  for (int i = 0; i < 200; ++i) publish("text " + std::to_string(i) + std::string(i % 7 == 0 ? 300 : 0, '.'));
  for (int i = 0; i < 200; ++i) ASSERT_THAT(viewer.receive(), StartsWith("text " + std::to_string(i)));
}

TEST_F(LiveTest, ViewersThatLeaveAreForgotten) {
  {
    Viewer polite(server_.endpoint());
    Viewer rude(server_.endpoint());
    polite.send("{}");
    ASSERT_TRUE(has_sessions(2));
    polite.send(std::string("\x03\xe8", 2), 8);
    EXPECT_EQ(polite.receive(), "close 1000");
  }
  EXPECT_TRUE(has_sessions(0));
  publish("to nobody");
  EXPECT_TRUE(
      eventually([&] { return server_.on_thread([&] { return server_.server().connections(); }) == 0; }));
}

TEST_F(LiveTest, WhoSpeaksOutOfTurnIsClosedWithAReason) {
  Viewer bad(server_.endpoint());
  bad.send("bad");
  EXPECT_EQ(bad.receive(), "close 1008");
  Viewer binary(server_.endpoint());
  binary.send("\x01\x02", 2);
  EXPECT_EQ(binary.receive(), "close 1008");
  Viewer large(server_.endpoint());
  large.send(std::string(5000, 'x'));
  EXPECT_EQ(large.receive(), "close 1009");
}

TEST_F(LiveTest, APingIsAnswered) {
  Viewer viewer(server_.endpoint());
  viewer.send("beat", 9);
  EXPECT_EQ(viewer.receive(), "beat");
}

TEST_F(LiveTest, APlainGetOfThatPathGoesToTheHandler) {
  EXPECT_EQ(request(server_.endpoint(), "GET", "/live").value().body, "http");
}

TEST_F(LiveTest, TheSourceIsCalledEverySecond) {
  EXPECT_TRUE(eventually([&] { return source_.seconds > 0; }));
}

class StuckLiveTest : public LiveTest {
 protected:
  StuckLiveTest() : LiveTest(ServerOptions{.write_timeout_ms = 2'000}) {}
};

TEST_F(StuckLiveTest, AViewerThatDoesNotReadIsDroppedAndOthersAreServed) {
  Viewer deaf(server_.endpoint());
  Viewer listening(server_.endpoint());
  deaf.send("{}");
  listening.send("{}");
  ASSERT_TRUE(has_sessions(2));
  const std::string large(60'000, 'x');  // more than all socket buffers of `deaf` together, in the end
  for (int i = 0; i < 200; ++i) {
    publish(large);
    ASSERT_EQ(listening.receive().size(), large.size());
  }
  EXPECT_TRUE(has_sessions(1));
  publish("still there");
  EXPECT_EQ(listening.receive(), "still there");
}

TEST_F(StuckLiveTest, AViewerThatNeverGreetsIsDropped) {
  Viewer silent(server_.endpoint());
  ASSERT_TRUE(has_sessions(1));
  EXPECT_TRUE(has_sessions(0));
}

}  // namespace
}  // namespace longhaul::telemetry::http
