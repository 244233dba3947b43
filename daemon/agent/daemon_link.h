// Finds the daemon and keeps one conversation with it: reads its address on the store, connects, says
// Hello, waits for Welcome, and begins again whenever that ends (100 ms, doubling up to 1 s). While nothing
// is heard it also looks whether a newer daemon has published itself: the old one may be stopped, not dead.
// One thread (the io_context's).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "wire/messages/messages.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

struct DaemonPlace {
  std::string document;  // {"address","term","uuid"}
  std::string key_file;
};

class DaemonLink {
 public:
  struct Handlers {
    // What to say to the daemon at this address; an error: try again later.
    std::function<Result<wire::Hello>(const std::string& daemon_address)> hello;
    // The reason not to obey it, if there is one: it is told, and the link closes.
    std::function<std::optional<std::string>(const wire::Welcome&)> on_welcome;
    std::function<void()> on_ready;                              // welcomed and obeyed: send() works
    std::function<void(const wire::DaemonMessage&)> on_message;  // after that
    std::function<void()> on_lost;                               // a welcomed daemon is gone
  };

  DaemonLink(boost::asio::io_context& io, DaemonPlace place, const Clock& clock, Handlers handlers);
  ~DaemonLink();

  void start();
  void stop();  // for good
  bool welcomed() const;
  void send(const wire::AgentMessage& message);  // dropped when not welcomed

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace longhaul::daemon
