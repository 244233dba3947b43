// Agents as processes on this machine, each in a session of its own: they outlive the daemon, and a
// daemon that comes after finds them by the lock each holds on <node folder>/agent.lock.
// Thread-safety: one thread, that of the io_context.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/launch/launcher.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

struct LocalLauncherOptions {
  std::string agent_program;  // path of longhaul-agent
  std::string run_directory;
  std::string node_root;  // config::Paths::node
  std::string key_file;
};

class LocalLauncher final : public Launcher {
 public:
  LocalLauncher(boost::asio::io_context& io, LocalLauncherOptions options,
                std::function<void(const std::string& node)> died);
  ~LocalLauncher() override;

  void start(const std::string& node) override;
  void fence(const std::string& node) override;
  void ask_to_end(const std::string& node) override;
  bool any_left() const override { return !watched_.empty(); }
  void check(const std::string& node) override;

 private:
  struct Watch;
  void watch(const std::string& node, int pid);
  void ended(const std::string& node, int pid);
  void look_again(const std::string& node);
  void tell_died(const std::string& node);
  // The pid of the process that holds the node's lock; 0 when nobody does; -1 when it is held and the pid
  // is not written yet.
  int holder(const std::string& node) const;

  boost::asio::io_context& io_;
  const LocalLauncherOptions options_;
  const std::function<void(const std::string&)> died_;
  std::map<std::string, std::shared_ptr<Watch>> watched_;
  std::set<std::string> told_;     // their agent's death was told, and no agent was seen since
  std::set<std::string> looking_;  // a look_again is under way
  std::shared_ptr<int> life_;      // handlers outlive the launcher: they look whether this is still there
};

}  // namespace longhaul::daemon
