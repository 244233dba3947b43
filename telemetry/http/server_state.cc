#include "telemetry/http/server_state.h"

#include <vector>

namespace longhaul::telemetry::http {
namespace {

bool is_limited(const ServerOptions& options, const Peer& peer) {
  return !peer.address.empty() && (options.limit_loopback || !peer.is_loopback);
}

}  // namespace

const char* ServerState::over_limit(const Peer& peer) const {
  if (open >= options.connections) return "connections";
  if (!is_limited(options, peer)) return nullptr;
  const auto found = per_address.find(network_of(peer.address));
  return found != per_address.end() && found->second >= options.connections_per_address ? "address" : nullptr;
}

void ServerState::on_second(SteadyClock::time_point now) {
  if (live != nullptr) live->on_second();
  std::vector<LiveConnection*> stuck;
  for (LiveConnection* c : live_connections) {
    if (c->is_stuck(now)) stuck.push_back(c);
  }
  for (LiveConnection* c : stuck) c->abort();
  wake_live();
}

void ServerState::wake_live() {
  for (LiveConnection* c : live_connections) c->wake();
}

void ServerState::close() {
  closed = true;
  live = nullptr;
  observer = nullptr;
  const std::vector<Connection*> all(connections.begin(), connections.end());
  for (Connection* c : all) c->abort();
}

Slot::Slot(std::shared_ptr<ServerState> state, Peer peer) : state_(std::move(state)), peer_(std::move(peer)) {
  ++state_->open;
  if (is_limited(state_->options, peer_)) ++state_->per_address[network_of(peer_.address)];
}

Slot::~Slot() {
  --state_->open;
  if (!is_limited(state_->options, peer_)) return;
  const auto found = state_->per_address.find(network_of(peer_.address));
  if (found != state_->per_address.end() && --found->second == 0) state_->per_address.erase(found);
}

}  // namespace longhaul::telemetry::http
