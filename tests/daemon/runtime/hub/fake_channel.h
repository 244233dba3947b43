// One agent's end of a connection, played by the test: what the hub sent is kept, and the closing comes, as
// from a real channel, after close() has returned.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/core/check.h"
#include "daemon/runtime/channel/channel.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

class FakeChannel final : public Channel {
 public:
  void start(std::function<void(std::string)> on_message,
             std::function<void(std::string)> on_closed) override {
    on_message_ = std::move(on_message);
    on_closed_ = std::move(on_closed);
  }
  void send(std::string payload) override {
    if (!closing_) sent_.push_back(std::move(payload));
  }
  void close() override { closing_ = true; }
  std::string peer_address() const override { return "127.0.0.1:4711"; }

  void say(const std::string& payload) { on_message_(payload); }
  void say(const wire::AgentMessage& message) { say(json::to_text(wire::to_json(message))); }
  // The end of the connection: the peer's doing, or what close() leads to.
  void end() {
    if (auto closed = std::exchange(on_closed_, nullptr)) closed("the peer closed the connection");
  }
  bool closing() const { return closing_; }

  std::vector<wire::DaemonMessage> heard() const {
    std::vector<wire::DaemonMessage> messages;
    for (const std::string& text : sent_) {
      const auto object = json::parse_object(text);
      CHECK(object);
      const auto message = wire::parse_daemon_message(*object);
      CHECK(message);
      messages.push_back(*message);
    }
    return messages;
  }
  template <class M>
  const M last() const {
    const auto all = heard();
    CHECK(!all.empty() && std::holds_alternative<M>(all.back()));
    return std::get<M>(all.back());
  }
  // Empty: not refused.
  std::string refusal() const {
    for (const auto& message : heard()) {
      if (const auto* refused = std::get_if<wire::Refused>(&message)) return refused->reason;
    }
    return "";
  }

 private:
  std::function<void(std::string)> on_message_;
  std::function<void(std::string)> on_closed_;
  std::vector<std::string> sent_;
  bool closing_ = false;
};

}  // namespace longhaul::daemon
