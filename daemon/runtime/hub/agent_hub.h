// The agents that are connected now: their greetings checked, their messages told apart, commands sent to
// them by node name. Holds no opinion on what they say.
// Thread-safety: one thread, that of the io_context; callbacks come there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/runtime/channel/channel.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

class AgentHub {
 public:
  struct Greeting {  // what every agent must belong to, and what it is welcomed with
    std::string run;
    std::string identity;
    std::vector<std::string> nodes;
    int64_t term = 0;
    std::string uuid;
    std::string run_uuid;
  };
  struct SpoolState {
    int64_t acknowledged_seq = 0;  // committed
    int64_t used_seq = 0;          // heard of
  };
  struct Callbacks {
    // Before the Welcome: how far this node's spool is known.
    std::function<SpoolState(const std::string& node)> spool_state;
    std::function<void(const wire::Hello&)> connected;
    std::function<void(const std::string& node)> disconnected;
    std::function<void(const std::string& node, const wire::Heartbeat&)> heartbeat;
    std::function<void(const std::string& node, wire::SpoolBatch)> spool;
  };

  AgentHub(Greeting greeting, Callbacks callbacks);

  void accept(std::shared_ptr<Channel> channel);

  // False when the node is not connected.
  bool send(const std::string& node, const wire::DaemonMessage& message);
  void broadcast(const wire::DaemonMessage& message);
  // Drops the connection: the agent will try again.
  void drop(const std::string& node);

  struct Peer {
    std::string address;  // for ranks on other nodes
    int rendezvous_port = 0;
    int64_t pid = 0;
    int64_t last_heard_ms = 0;  // steady clock of the caller of heard()
    std::vector<wire::RankStatus> ranks;
  };
  const Peer* peer(const std::string& node) const;
  std::vector<std::string> connected() const;
  int64_t refused_messages() const { return refused_messages_; }

  // Nodes from which nothing came for longer than limit_ms, each with its silence.
  std::vector<std::pair<std::string, int64_t>> silent(int64_t now_ms, int64_t limit_ms) const;
  // Closes connections that have not said who they are within limit_ms.
  void drop_strangers(int64_t now_ms, int64_t limit_ms);
  // Counts everybody as heard of just now.
  void forgive();
  void set_time(int64_t now_ms) {
    now_ms_ = now_ms;
  }  // steady clock, before each turn of the loop that matters

 private:
  struct Link {
    std::shared_ptr<Channel> channel;
    std::string node;      // empty: has not greeted
    bool refused = false;  // closing; what is still in the pipe does not count
    bool dropped = false;  // closing, and its silence is known
    int64_t since_ms = 0;
    Peer peer;
  };
  void receive(const std::shared_ptr<Link>& link, const std::string& payload);
  void greet(const std::shared_ptr<Link>& link, const wire::Hello& hello);
  void refuse(const std::shared_ptr<Link>& link, const std::string& reason);
  void closed(const std::shared_ptr<Link>& link);

  const Greeting greeting_;
  const Callbacks callbacks_;
  std::set<std::shared_ptr<Link>> open_;                // all, until they are closed
  std::map<std::string, std::shared_ptr<Link>> links_;  // greeted ones, by node
  std::map<std::string, std::string> declined_;  // why a node does not obey; each reason is logged once
  int64_t refused_messages_ = 0;
  int64_t now_ms_ = 0;
};

}  // namespace longhaul::daemon
