// What a listener and its connections share. Internal to telemetry/http.
// Thread-safety: the server's thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/posix/unique_fd.h"
#include "telemetry/http/endpoint.h"
#include "telemetry/http/server.h"

namespace longhaul::telemetry::http {

using SteadyClock = std::chrono::steady_clock;

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void abort() = 0;  // close the socket now
};

class LiveConnection : public Connection {
 public:
  virtual void wake() = 0;  // write what its stream has, unless a write is under way
  virtual bool is_stuck(SteadyClock::time_point now) = 0;  // a write or the greeting takes too long
};

struct ServerState {
  ServerState(ServerOptions o, Handler h, LiveSource* l, Observer* w)
      : options(std::move(o)), handler(std::move(h)), live(l), observer(w) {}

  // Why a new connection of that address is refused; null: it is not.
  const char* over_limit(const Peer& peer) const;
  void on_second(SteadyClock::time_point now);
  void wake_live();
  void close();

  ServerOptions options;
  Handler handler;
  LiveSource* live;    // null after close()
  Observer* observer;  // null after close()
  bool closed = false;
  std::unordered_set<Connection*> connections;
  std::unordered_set<LiveConnection*> live_connections;
  std::unordered_map<std::string, size_t> per_address;  // by network; only those that are limited
  size_t open = 0;
};

// Counts a connection against the limits while it lives; goes from a request to its WebSocket.
class Slot {
 public:
  Slot(std::shared_ptr<ServerState> state, Peer peer);
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  const Peer& peer() const { return peer_; }

 private:
  std::shared_ptr<ServerState> state_;
  Peer peer_;
};

}  // namespace longhaul::telemetry::http
