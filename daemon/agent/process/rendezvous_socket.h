// A TCP socket kept bound and listening so that the port promised to the next rank 0 cannot be taken by
// anyone else: the rank inherits the socket itself. Not thread-safe.
#pragma once

#include <string>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul::daemon {

class RendezvousSocket {
 public:
  // port 0: any free one. address: an IPv4 or IPv6 address of this node.
  static Result<RendezvousSocket> open(const std::string& address, int port = 0);

  RendezvousSocket() = default;  // closed
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  int port() const { return port_; }
  void close() {
    fd_.reset();
    port_ = 0;
  }

 private:
  UniqueFd fd_;
  int port_ = 0;
};

// The address by which this host reaches `peer` ("host:port"), so by which it can be reached from there.
Result<std::string> local_address_towards(const std::string& peer);

}  // namespace longhaul::daemon
