#include "daemon/runtime/hub/agent_hub.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/core/log.h"

namespace longhaul::daemon {
namespace {

std::string text_of(const wire::DaemonMessage& message) { return json::to_text(wire::to_json(message)); }

// What a peer sent may be quoted in a reason, but is no text for logs or JSON until it is plain ASCII.
std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace

AgentHub::AgentHub(Greeting greeting, Callbacks callbacks)
    : greeting_(std::move(greeting)), callbacks_(std::move(callbacks)) {}

void AgentHub::accept(std::shared_ptr<Channel> channel) {
  auto link = std::make_shared<Link>();
  link->channel = std::move(channel);
  open_.insert(link);
  // Weak: a channel that held its own link would never be freed, and may outlive this hub.
  link->channel->start(
      [this, weak = std::weak_ptr(link)](const std::string& payload) {
        if (const auto found = weak.lock()) receive(found, payload);
      },
      [this, weak = std::weak_ptr(link)](const std::string&) {
        if (const auto found = weak.lock()) closed(found);
      });
}

void AgentHub::receive(const std::shared_ptr<Link>& link, const std::string& payload) {
  if (link->refused) return;
  auto object = json::parse_object(payload);
  auto message = object ? wire::parse_agent_message(*object) : Result<wire::AgentMessage>(object.error());
  if (!message) return refuse(link, message.error().message);
  link->peer.last_heard_ms = now_ms_;
  if (auto* hello = std::get_if<wire::Hello>(&*message)) return greet(link, *hello);
  if (link->node.empty()) return refuse(link, "the first message must be a hello");
  const auto current = links_.find(link->node);
  if (current == links_.end() || current->second != link) return;  // replaced by a newer connection
  if (auto* beat = std::get_if<wire::Heartbeat>(&*message)) {
    link->peer.rendezvous_port = beat->rendezvous_port;
    link->peer.ranks = beat->ranks;
    callbacks_.heartbeat(link->node, *beat);
  } else if (auto* batch = std::get_if<wire::SpoolBatch>(&*message)) {
    callbacks_.spool(link->node, std::move(*batch));
  }
}

void AgentHub::greet(const std::shared_ptr<Link>& link, const wire::Hello& hello) {
  if (!link->node.empty()) return refuse(link, "a second hello on one connection");
  if (hello.version != wire::kWireVersion)
    return refuse(link,
                  fmt::format("wire version {}; this daemon speaks {}", hello.version, wire::kWireVersion));
  if (hello.run != greeting_.run)
    return refuse(link, fmt::format("run '{}'; this daemon owns '{}'", hello.run, greeting_.run));
  if (hello.identity != greeting_.identity) return refuse(link, "another configuration of the run");
  if (std::find(greeting_.nodes.begin(), greeting_.nodes.end(), hello.node) == greeting_.nodes.end()) {
    return refuse(link, fmt::format("node '{}' is not in the configuration", hello.node));
  }
  link->node = hello.node;
  link->peer.address = hello.address;
  link->peer.rendezvous_port = hello.rendezvous_port;
  link->peer.pid = hello.pid;
  link->peer.ranks = hello.ranks;
  if (const auto old = links_.find(hello.node); old != links_.end()) {
    const auto replaced = old->second;  // a half-open connection that nobody has noticed yet
    links_.erase(old);
    replaced->channel->close();
  }
  links_[hello.node] = link;
  link->channel->send(text_of(wire::Welcome{wire::kWireVersion, greeting_.term, greeting_.uuid,
                                            callbacks_.acknowledged(hello.node)}));
  callbacks_.connected(hello);
}

void AgentHub::refuse(const std::shared_ptr<Link>& link, const std::string& reason) {
  const std::string why = printable(reason);
  ++refused_messages_;
  link->refused = true;
  log_warning(
      fmt::format("refused a message from {} ({}): {}", link->channel->peer_address(), link->node, why));
  link->channel->send(text_of(wire::Refused{why}));
  link->channel->close();
}

void AgentHub::closed(const std::shared_ptr<Link>& link) {
  open_.erase(link);
  const auto current = links_.find(link->node);
  if (link->node.empty() || current == links_.end() || current->second != link) return;
  links_.erase(current);
  callbacks_.disconnected(link->node);
}

bool AgentHub::send(const std::string& node, const wire::DaemonMessage& message) {
  const auto link = links_.find(node);
  if (link == links_.end()) return false;
  link->second->channel->send(text_of(message));
  return true;
}

void AgentHub::broadcast(const wire::DaemonMessage& message) {
  for (const auto& [node, link] : links_) link->channel->send(text_of(message));
}

void AgentHub::drop(const std::string& node) {
  if (const auto link = links_.find(node); link != links_.end()) link->second->channel->close();
}

const AgentHub::Peer* AgentHub::peer(const std::string& node) const {
  const auto link = links_.find(node);
  return link == links_.end() ? nullptr : &link->second->peer;
}

std::vector<std::string> AgentHub::connected() const {
  std::vector<std::string> names;
  for (const auto& [node, link] : links_) names.push_back(node);
  return names;
}

std::vector<std::pair<std::string, int64_t>> AgentHub::silent(int64_t now_ms, int64_t limit_ms) const {
  std::vector<std::pair<std::string, int64_t>> found;
  for (const auto& [node, link] : links_) {
    const int64_t silence = now_ms - link->peer.last_heard_ms;
    if (silence > limit_ms) found.emplace_back(node, silence);
  }
  return found;
}

void AgentHub::forgive() {
  for (const auto& [node, link] : links_) link->peer.last_heard_ms = now_ms_;
}

}  // namespace longhaul::daemon
