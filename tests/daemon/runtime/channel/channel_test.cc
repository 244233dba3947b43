#include "daemon/runtime/channel/channel.h"

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "wire/codec/frame.h"

namespace longhaul::daemon {
namespace {

class ChannelTest : public testing::Test {
 protected:
  void listen(const std::string& key) {
    auto listening = ChannelListener::listen(io_, "127.0.0.1:0", key, [this](auto channel) {
      server_ = channel;
      server_->start([this](std::string m) { received_.push_back(m); },
                     [this](std::string r) { server_closed_ = r; });
    });
    ASSERT_TRUE(listening) << listening.error().message;
    listener_ = std::move(*listening);
  }
  void connect(const std::string& key) {
    connect_channel(io_, listener_->address(), key, 5000, [this](auto result) {
      answered_ = true;
      if (!result) {
        refusal_ = result.error();
        return;
      }
      client_ = *result;
      client_->start([this](std::string m) { answers_.push_back(m); },
                     [this](std::string r) { client_closed_ = r; });
    });
  }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end)
      io_.run_for(std::chrono::milliseconds(5)), io_.restart();
    return condition();
  }

  boost::asio::io_context io_;
  std::unique_ptr<ChannelListener> listener_;
  std::shared_ptr<Channel> server_, client_;
  std::vector<std::string> received_, answers_;
  std::string server_closed_, client_closed_;
  bool answered_ = false;
  std::optional<Error> refusal_;
};

TEST_F(ChannelTest, CarriesMessagesBothWaysInOrder) {
  listen("secret");
  connect("secret");
  ASSERT_TRUE(run_until([&] { return client_ && server_; })) << (refusal_ ? refusal_->message : "");
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(std::string(static_cast<size_t>(1 + i * 997 % 40000), static_cast<char>('a' + i % 26)));
    client_->send(sent.back());
    server_->send(sent.back());
  }
  ASSERT_TRUE(run_until([&] { return received_.size() == sent.size() && answers_.size() == sent.size(); }));
  EXPECT_EQ(received_, sent);
  EXPECT_EQ(answers_, sent);
}

TEST_F(ChannelTest, RefusesWhoeverHoldsAnotherKey) {
  listen("secret");
  connect("guess");
  ASSERT_TRUE(run_until([&] { return answered_; }));
  ASSERT_TRUE(refusal_);
  EXPECT_EQ(refusal_->code, ErrorCode::kDenied);
  EXPECT_EQ(server_, nullptr);
}

TEST_F(ChannelTest, RefusesPlainBytes) {
  listen("secret");
  boost::asio::ip::tcp::socket socket(io_);
  const std::string address = listener_->address();
  const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  boost::asio::write(socket, boost::asio::buffer(wire::encode_frame(R"({"type":"hello"})")));
  std::array<char, 64> buffer{};
  bool ended = false;
  const std::function<void(boost::system::error_code, size_t)> on_read = [&](auto ec, size_t) {
    if (ec)
      ended = true;
    else
      socket.async_read_some(boost::asio::buffer(buffer), on_read);
  };
  socket.async_read_some(boost::asio::buffer(buffer), on_read);
  EXPECT_TRUE(run_until([&] { return ended; }));
  EXPECT_EQ(server_, nullptr);
}

TEST_F(ChannelTest, TellsTheOtherSideOfAClose) {
  listen("k");
  connect("k");
  ASSERT_TRUE(run_until([&] { return client_ && server_; }));
  client_->send("last words");
  client_->close();
  ASSERT_TRUE(run_until([&] { return !server_closed_.empty() && !client_closed_.empty(); }));
  EXPECT_EQ(received_, std::vector<std::string>{"last words"});
}

TEST_F(ChannelTest, SaysThatNobodyListensAndThatAPortIsTaken) {
  listen("k");
  const std::string address = listener_->address();
  const auto second = ChannelListener::listen(io_, address, "k", nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_NE(second.error().message.find(address), std::string::npos);
  listener_.reset();
  connect_channel(io_, address, "k", 2000, [this](auto result) { refusal_ = result.error(); });
  ASSERT_TRUE(run_until([&] { return refusal_.has_value(); }));
  EXPECT_EQ(refusal_->code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace longhaul::daemon
