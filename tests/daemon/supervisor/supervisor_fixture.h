// A whole daemon in this process, on a run directory of its own; its only agent is played by the test over
// a real connection. Ports are any free ones.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/core/log.h"
#include "base/json/json.h"
#include "config/identity.h"
#include "config/load.h"
#include "daemon/runtime/channel/channel.h"
#include "daemon/supervisor/supervisor.h"
#include "tests/config/example.h"
#include "tests/support/temporary_folder.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

class SupervisorFixture : public testing::Test {
 protected:
  SupervisorFixture() {
    log_start("supervisor_test", folder_ / "log");
    for (const char* name : {"en.bin", "en.idx", "de.bin", "de.idx"})
      folder_.write(std::string("corpus/") + name, "x");
    std::string yaml = config::with(config::example_yaml(), "nodes: 2", "nodes: 1");
    yaml = config::with(yaml, "ranks_per_node: 2", "ranks_per_node: 1");
    yaml = config::with(yaml, "data: 4", "data: 1");
    yaml = config::with(yaml, "target_steps: 200", "target_steps: 3");
    yaml += "telemetry: {listen: '127.0.0.1:0', metrics_listen: '127.0.0.1:0'}\n";
    folder_.write("run.yaml", yaml);
    config_ = config::load(folder_ / "run.yaml").value();
  }

  Result<> start() {
    LH_ASSIGN(supervisor_, Supervisor::start(io_, config_, {folder_.path(), folder_ / "programs", true}));
    return {};
  }

  // Turns the loop until `condition`, for at most ten seconds.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  // An agent of node-0 with nothing running; what it hears is in heard_.
  void connect_agent(std::vector<wire::RankStatus> ranks = {}) {
    std::string address = folder_.read("state/agents.addr");
    address.pop_back();
    bool answered = false;
    connect_channel(io_, address, folder_.read("state/cluster.key"), 5000, [&](auto channel) {
      answered = true;
      if (channel) agent_ = *channel;
    });
    ASSERT_TRUE(until([&] { return answered; }));
    ASSERT_NE(agent_, nullptr);
    agent_->start(
        [this](const std::string& text) {
          heard_.push_back(wire::parse_daemon_message(json::parse_object(text).value()).value());
        },
        [](const std::string&) {});
    wire::Hello hello;
    hello.run = config_.run.name;
    hello.identity = config::identity(config_);
    hello.node = "node-0";
    hello.instance = "life";
    hello.pid = 1;
    hello.address = "127.0.0.1";
    hello.rendezvous_port = 29500;
    hello.ranks = std::move(ranks);
    say(hello);
  }
  void say(const wire::AgentMessage& message) { agent_->send(json::to_text(wire::to_json(message))); }
  // Entries seq, seq + 1, … of the spool, each the text of a report.
  void spool(int64_t seq, const std::vector<std::string>& reports) {
    wire::SpoolBatch batch;
    for (const std::string& text : reports)
      batch.entries.push_back({seq++, 1'700'000'000'000, json::parse_object(text).value()});
    say(batch);
  }
  // The newest message of this kind, once there is one.
  template <class M>
  const M* hear() {
    const M* found = nullptr;
    until([&] {
      for (const auto& message : heard_) {
        if (const auto* m = std::get_if<M>(&message)) found = m;
      }
      return found != nullptr;
    });
    return found;
  }
  bool hear_acknowledged(int64_t seq) {
    return until([&] {
      for (const auto& message : heard_) {
        const auto* ack = std::get_if<wire::SpoolAck>(&message);
        if (ack != nullptr && ack->seq == seq) return true;
      }
      return false;
    });
  }
  json::object document(const std::string& name) const {
    return json::parse_object(folder_.read(name)).value_or(json::object{});
  }

  TemporaryFolder folder_;
  config::RunConfig config_;
  boost::asio::io_context io_;
  std::vector<wire::DaemonMessage> heard_;
  std::shared_ptr<Channel> agent_;
  std::unique_ptr<Supervisor> supervisor_;  // last: it uses io_ to its end
};

}  // namespace longhaul::daemon
