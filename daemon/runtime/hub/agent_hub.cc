#include "daemon/runtime/hub/agent_hub.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/core/log.h"
#include "base/core/text.h"

namespace longhaul::daemon {
namespace {

std::string text_of(const wire::DaemonMessage& message) { return json::to_text(wire::to_json(message)); }

}  // namespace

AgentHub::AgentHub(Greeting greeting, Callbacks callbacks)
    : greeting_(std::move(greeting)), callbacks_(std::move(callbacks)) {}

void AgentHub::accept(std::shared_ptr<Channel> channel) {
  auto link = std::make_shared<Link>();
  link->channel = std::move(channel);
  link->since_ms = now_ms_;
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
  } else if (auto* declined = std::get_if<wire::Declined>(&*message)) {
    const std::string why = printable(declined->reason);
    if (std::exchange(declined_[link->node], why) != why)
      log_error(fmt::format("the agent of {} does not obey this daemon: {}", link->node, why));
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
  const SpoolState spool = callbacks_.spool_state(hello.node);
  link->channel->send(text_of(wire::Welcome{wire::kWireVersion, greeting_.term, greeting_.uuid,
                                            greeting_.run_uuid, spool.acknowledged_seq, spool.used_seq}));
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
  const auto link = links_.find(node);
  if (link == links_.end()) return;
  link->second->dropped = true;
  link->second->channel->close();
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
    if (silence > limit_ms && !link->dropped) found.emplace_back(node, silence);
  }
  return found;
}

void AgentHub::drop_strangers(int64_t now_ms, int64_t limit_ms) {
  std::vector<std::shared_ptr<Channel>> strangers;  // closing changes open_
  for (const auto& link : open_) {
    if (link->node.empty() && now_ms - link->since_ms > limit_ms) strangers.push_back(link->channel);
  }
  for (const auto& channel : strangers) {
    log_warning(fmt::format("{} said nothing for {} ms: closed", channel->peer_address(), limit_ms));
    channel->close();
  }
}

void AgentHub::forgive() {
  for (const auto& [node, link] : links_) link->peer.last_heard_ms = now_ms_;
}

}  // namespace longhaul::daemon
