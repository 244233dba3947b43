#include "daemon/agent/daemon_link.h"

#include <algorithm>
#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "base/core/log.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "daemon/runtime/channel/channel.h"

namespace longhaul::daemon {

namespace asio = boost::asio;

namespace {

constexpr int64_t kConnectTimeoutMs = 5000;
constexpr int64_t kWelcomeTimeoutMs = 5000;
constexpr int64_t kFirstBackoffMs = 100;
constexpr int64_t kLastBackoffMs = 1000;
constexpr int64_t kSilenceMs = 5000;  // then look for a newer daemon

struct Published {
  std::string address;
  int64_t term = 0;
};

Result<Published> read_document(const std::string& path) {
  LH_ASSIGN(const std::string text, read_file(path));
  auto object = json::parse_object(text);
  if (!object) return std::move(object).error().with_context(path);
  Published published;
  LH_ASSIGN(published.address, json::get_string(*object, "address"));
  LH_ASSIGN(published.term, json::get_int(*object, "term"));
  return published;
}

}  // namespace

struct DaemonLink::Impl : std::enable_shared_from_this<DaemonLink::Impl> {
  Impl(asio::io_context& context, DaemonPlace where, const Clock& c, Handlers h)
      : io(context), place(std::move(where)), clock(c), handlers(std::move(h)), timer(context) {}

  asio::io_context& io;
  DaemonPlace place;
  const Clock& clock;
  Handlers handlers;
  asio::steady_timer timer;
  std::shared_ptr<Channel> channel;
  bool welcomed = false;
  bool stopped = false;
  int64_t term = 0;     // of the daemon spoken to
  int64_t attempt = 0;  // callbacks of an earlier one are ignored
  int64_t backoff_ms = kFirstBackoffMs;
  int64_t heard_ms = 0;
  std::string last_trouble;  // each is logged once, not every second

  void after(int64_t delay_ms, void (Impl::*then)()) {
    timer.expires_after(std::chrono::milliseconds(delay_ms));
    timer.async_wait(
        [self = shared_from_this(), then, current = attempt](const boost::system::error_code& error) {
          if (!error && !self->stopped && current == self->attempt) ((*self).*then)();
        });
  }

  void retry(const std::string& trouble) {
    if (trouble != last_trouble) log_warning("no daemon: " + trouble);
    last_trouble = trouble;
    const bool lost = welcomed;
    welcomed = false;
    ++attempt;
    if (channel) channel->close();
    channel.reset();
    if (stopped) return;
    if (lost) {
      backoff_ms = kFirstBackoffMs;
      handlers.on_lost();
    }
    after(backoff_ms, &Impl::connect);
    backoff_ms = std::min(backoff_ms * 2, kLastBackoffMs);
  }

  void connect() {
    const auto published = read_document(place.document);
    if (!published) return retry(published.error().message);
    const auto key = read_file(place.key_file);
    if (!key) return retry(key.error().message);
    if (key->empty()) return retry(place.key_file + " is empty");
    connect_channel(io, published->address, *key, kConnectTimeoutMs,
                    [self = shared_from_this(), current = attempt,
                     address = published->address](Result<std::shared_ptr<Channel>> result) {
                      if (self->stopped || current != self->attempt) {
                        if (result) (*result)->close();
                        return;
                      }
                      if (!result) return self->retry(result.error().message);
                      self->talk(std::move(*result), address);
                    });
  }

  void talk(std::shared_ptr<Channel> opened, const std::string& address) {
    channel = std::move(opened);
    const int64_t current = attempt;
    const auto self = shared_from_this();
    channel->start(
        [self, current](const std::string& payload) {
          if (!self->stopped && current == self->attempt) self->receive(payload);
        },
        [self, current](const std::string& reason) {
          if (!self->stopped && current == self->attempt) self->retry("the connection ended: " + reason);
        });
    const auto hello = handlers.hello(address);
    if (!hello) return retry(hello.error().message);
    channel->send(json::to_text(wire::to_json(wire::AgentMessage(*hello))));
    after(kWelcomeTimeoutMs, &Impl::give_up_waiting);
  }

  void give_up_waiting() { retry("no welcome in time"); }

  void receive(const std::string& payload) {
    heard_ms = clock.steady_ms();
    const auto object = json::parse_object(payload);
    const auto message =
        object ? wire::parse_daemon_message(*object) : Result<wire::DaemonMessage>(object.error());
    if (!message) return retry("it sent what is no message: " + message.error().message);
    if (const auto* refused = std::get_if<wire::Refused>(&*message))
      return retry("refused: " + refused->reason);
    if (const auto* welcome = std::get_if<wire::Welcome>(&*message)) return greet(*welcome);
    if (!welcomed) return retry("it commands before it says who it is");
    handlers.on_message(*message);
  }

  void greet(const wire::Welcome& welcome) {
    if (welcomed) return retry("a second welcome");
    if (const auto refusal = handlers.on_welcome(welcome)) {
      channel->send(json::to_text(wire::to_json(wire::AgentMessage(wire::Declined{*refusal}))));
      return retry("not obeyed: " + *refusal);
    }
    welcomed = true;
    log_info(fmt::format("obeying daemon {} of term {} at {}", welcome.uuid, welcome.term,
                         channel->peer_address()));
    last_trouble.clear();
    backoff_ms = kFirstBackoffMs;
    term = welcome.term;
    after(kSilenceMs, &Impl::look_around);
    handlers.on_ready();
  }

  void look_around() {
    if (clock.steady_ms() - heard_ms >= kSilenceMs) {
      const auto published = read_document(place.document);
      if (published && published->term > term) return retry("a newer daemon is at " + published->address);
    }
    after(kSilenceMs, &Impl::look_around);
  }
};

DaemonLink::DaemonLink(asio::io_context& io, DaemonPlace place, const Clock& clock, Handlers handlers)
    : impl_(std::make_shared<Impl>(io, std::move(place), clock, std::move(handlers))) {}

DaemonLink::~DaemonLink() { stop(); }

void DaemonLink::start() { impl_->connect(); }

void DaemonLink::stop() {
  impl_->stopped = true;
  impl_->timer.cancel();
  if (impl_->channel) impl_->channel->close();
  impl_->channel.reset();
  impl_->welcomed = false;
}

bool DaemonLink::welcomed() const { return impl_->welcomed; }

void DaemonLink::send(const wire::AgentMessage& message) {
  if (impl_->welcomed && impl_->channel) impl_->channel->send(json::to_text(wire::to_json(message)));
}

}  // namespace longhaul::daemon
