// The daemon's side of the agents' protocol over a real channel, for tests of the agent: writes the key and
// the document on the store, welcomes, records what agents say, sends what the test wants. It runs only
// inside run_until: one thread, no surprises.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/core/check.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "daemon/runtime/channel/channel.h"
#include "wire/messages/messages.h"

namespace longhaul::testing {

class FakeDaemon {
 public:
  FakeDaemon(std::string run_directory, int64_t term, std::string uuid, int64_t acknowledged_seq = 0)
      : run_directory_(std::move(run_directory)),
        term_(term),
        uuid_(std::move(uuid)),
        acknowledged_seq_(acknowledged_seq) {
    CHECK(make_directories(run_directory_ + "/state"));
    CHECK(make_directories(run_directory_ + "/store/documents"));
    CHECK(write_file_durably(run_directory_ + "/state/cluster.key", "the run's key", 0600));
    auto listening = daemon::ChannelListener::listen(io_, "127.0.0.1:0", "the run's key",
                                                     [this](auto channel) { accept(std::move(channel)); });
    CHECK(listening);
    listener_ = std::move(*listening);
    publish();
  }

  void publish() {
    const json::object document{{"address", listener_->address()}, {"term", term_}, {"uuid", uuid_}};
    CHECK(write_file_durably(run_directory_ + "/store/documents/daemon.json", json::to_text(document)));
  }

  template <class Condition>
  bool run_until(Condition condition, int64_t timeout_ms = 20'000) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      io_.run_for(std::chrono::milliseconds(5));
      io_.restart();
    }
    return condition();
  }
  void run_for_ms(int64_t duration_ms) {
    run_until([] { return false; }, duration_ms);
  }

  template <class Message>
  void send(const Message& message) {
    CHECK(channel_ != nullptr);
    channel_->send(json::to_text(wire::to_json(wire::DaemonMessage(message))));
  }
  void acknowledge() {
    acknowledged_seq_ = entries.empty() ? acknowledged_seq_ : entries.back().seq;
    send(wire::SpoolAck{acknowledged_seq_});
  }
  void disconnect() {
    if (channel_) channel_->close();
    channel_.reset();
  }
  bool connected() const { return channel_ != nullptr; }
  int64_t acknowledged_seq() const { return acknowledged_seq_; }

  std::vector<wire::ExitReport> exits() const {
    std::vector<wire::ExitReport> found;
    for (const wire::SpoolEntry& entry : entries)
      if (const auto body = json::get_object(entry.report, "exit"))
        found.push_back(*wire::parse_exit_report(*body));
    return found;
  }
  // Of the last heartbeat or hello: the state of a rank, empty when it is not mentioned.
  std::string state_of(int rank) const {
    for (const wire::RankStatus& status : ranks)
      if (status.rank == rank) return status.state;
    return "";
  }
  int64_t pid_of(int rank) const {
    for (const wire::RankStatus& status : ranks)
      if (status.rank == rank) return status.pid;
    return 0;
  }

  std::string run = "run-1";  // its UUID
  int64_t used_seq = 0;
  bool acknowledges = true;
  bool welcomes = true;
  int hellos = 0;
  int heartbeats = 0;
  wire::Hello last_hello;
  int rendezvous_port = 0;
  std::vector<wire::RankStatus> ranks;  // the newest word
  std::vector<wire::SpoolEntry> entries;
  std::vector<std::string> closed;    // why connections ended
  std::vector<std::string> declined;  // why the agent did not obey

 private:
  void accept(std::shared_ptr<daemon::Channel> channel) {
    channel_ = channel;
    channel->start([this](const std::string& payload) { receive(payload); },
                   [this, raw = channel.get()](const std::string& reason) {
                     closed.push_back(reason);
                     if (channel_.get() == raw) channel_.reset();
                   });
  }

  void receive(const std::string& payload) {
    const auto object = json::parse_object(payload);
    CHECK(object);
    const auto message = wire::parse_agent_message(*object);
    CHECK(message);
    if (const auto* hello = std::get_if<wire::Hello>(&*message)) {
      ++hellos;
      last_hello = *hello;
      ranks = hello->ranks;
      rendezvous_port = hello->rendezvous_port;
      if (welcomes) send(wire::Welcome{wire::kWireVersion, term_, uuid_, run, acknowledged_seq_, used_seq});
    } else if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&*message)) {
      ++heartbeats;
      ranks = heartbeat->ranks;
      rendezvous_port = heartbeat->rendezvous_port;
    } else if (const auto* no = std::get_if<wire::Declined>(&*message)) {
      declined.push_back(no->reason);
    } else {
      for (const wire::SpoolEntry& entry : std::get<wire::SpoolBatch>(*message).entries)
        entries.push_back(entry);
      if (acknowledges) acknowledge();
    }
  }

  std::string run_directory_;
  int64_t term_;
  std::string uuid_;
  int64_t acknowledged_seq_;
  boost::asio::io_context io_;
  std::unique_ptr<daemon::ChannelListener> listener_;
  std::shared_ptr<daemon::Channel> channel_;
};

}  // namespace longhaul::testing
