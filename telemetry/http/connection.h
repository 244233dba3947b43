// The two kinds of connection. Internal to telemetry/http; both own themselves while something is under way.
#pragma once

#include <memory>

#include "base/posix/unique_fd.h"
#include "telemetry/http/server_state.h"

namespace boost::asio {
class io_context;
}

namespace longhaul::telemetry::http {

// A connected socket as it goes from the listener to a request and from there to a WebSocket.
struct Socket {
  UniqueFd fd;       // non-blocking
  int family = 0;    // AF_INET, …
  int protocol = 0;  // IPPROTO_TCP; 0 for a Unix socket
};

// Serves the requests of an accepted socket until it closes.
void serve_connection(boost::asio::io_context& context, std::shared_ptr<ServerState> state,
                      std::unique_ptr<Slot> slot, Socket socket);

// Answers the WebSocket upgrade that `request` asks for and feeds it from the server's LiveSource.
void serve_live(boost::asio::io_context& context, std::shared_ptr<ServerState> state,
                std::unique_ptr<Slot> slot, Socket socket, const Request& request);

}  // namespace longhaul::telemetry::http
