// How agents come into being and how their end is certain: the local launcher starts processes on this
// machine; others ask a cluster's engine.
// Thread-safety: one thread, that of the io_context; callbacks come there.
#pragma once

#include <functional>
#include <string>

namespace longhaul::daemon {

class Launcher {
 public:
  virtual ~Launcher() = default;
  // Does nothing when the node's agent lives. died(node) is called, once, when an agent that this launcher
  // started, or found, is gone for certain.
  virtual void start(const std::string& node) = 0;
  // Makes certain that the node's agent, and with it its ranks, are gone; then died(node).
  virtual void fence(const std::string& node) = 0;
  // Asks the node's agent, if one is known, to end by itself: without a connection there is no other way.
  virtual void ask_to_end(const std::string& node) = 0;
  // Agents that were started or found, and are not gone.
  virtual bool any_left() const = 0;
  // The connection is lost: look whether the agent is gone; if so, and that was not told before,
  // died(node). If not, its end is watched from now on.
  virtual void check(const std::string& node) = 0;
};

}  // namespace longhaul::daemon
