// The two kinds of connection, over one stream type for TCP and Unix sockets so that Beast is instantiated
// once. Internal to telemetry/http.
#pragma once

#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "telemetry/http/server_state.h"

namespace longhaul::telemetry::http {

using Stream =
    boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;
using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Serves the requests of an accepted socket until it closes. Owns itself.
void serve_connection(std::shared_ptr<ServerState> state, std::unique_ptr<Slot> slot, Stream stream);

// Answers a WebSocket upgrade and feeds it from the server's LiveSource. Owns itself.
void serve_live(std::shared_ptr<ServerState> state, std::unique_ptr<Slot> slot, Stream stream,
                BeastRequest request);

}  // namespace longhaul::telemetry::http
