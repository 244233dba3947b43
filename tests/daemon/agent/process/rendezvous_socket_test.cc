#include "daemon/agent/process/rendezvous_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace longhaul::daemon {
namespace {

bool can_connect(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

TEST(RendezvousSocketTest, ListensOnAPortOfItsOwnUntilClosed) {
  auto socket = RendezvousSocket::open("127.0.0.1");
  ASSERT_TRUE(socket) << socket.error().message;
  const int port = socket->port();
  EXPECT_GT(port, 0);
  EXPECT_TRUE(can_connect(port));
  EXPECT_FALSE(RendezvousSocket::open("127.0.0.1", port));  // taken
  EXPECT_NE(::fcntl(socket->fd(), F_GETFD) & FD_CLOEXEC, 0);
  socket->close();
  EXPECT_FALSE(can_connect(port));
  EXPECT_TRUE(RendezvousSocket::open("127.0.0.1", port));
}

TEST(RendezvousSocketTest, KnowsTheAddressTowardsAPeer) {
  EXPECT_EQ(*local_address_towards("127.0.0.1:80"), "127.0.0.1");
  EXPECT_FALSE(local_address_towards("no port"));
  EXPECT_FALSE(local_address_towards("no-such-host.invalid:80"));
}

}  // namespace
}  // namespace longhaul::daemon
