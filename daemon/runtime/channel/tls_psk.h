// TLS 1.3 contexts that know one pre-shared key and no certificate. Used inside the channel only.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

namespace longhaul::daemon {

// The context owns a copy of the key. A handshake succeeds only between two holders of the same key.
std::shared_ptr<boost::asio::ssl::context> make_psk_server_context(const std::string& key);
std::shared_ptr<boost::asio::ssl::context> make_psk_client_context(const std::string& key);

}  // namespace longhaul::daemon
