// Tells when child processes end, in the order the kernel saw them end. One thread (the io_context's).
#pragma once

#include <functional>
#include <memory>

#include <sys/types.h>

#include "base/posix/unique_fd.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::daemon {

class ExitWatch {
 public:
  // on_end comes once for each watched pid, from the event loop; the child is not reaped yet: its pid and
  // session still name it.
  ExitWatch(boost::asio::io_context& io, std::function<void(pid_t)> on_end);
  ~ExitWatch();
  void watch(pid_t pid, UniqueFd pidfd);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::daemon
