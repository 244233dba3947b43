#include "telemetry/http/endpoint.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace longhaul::telemetry::http {
namespace {

TEST(Endpoint, WhatIsNoAddressIsRefusedWithTheFormsThatAre) {
  for (const char* text : {"", "8080", "host", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:80x",
                           "256.0.0.1:1", ":80", "[::1:80", "[::z]:80", "unix:", "example.org:80"}) {
    const auto parsed = parse_endpoint(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(parse_endpoint("unix:" + std::string(108, 'x')));
}

TEST(Endpoint, APortInUseIsAConflictThatNamesIt) {
  const Listener first = listen_on(parse_endpoint("127.0.0.1:0").value()).value();
  ASSERT_GT(first.port, 0);
  const std::string same = "127.0.0.1:" + std::to_string(first.port);
  const auto second = listen_on(parse_endpoint(same).value());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(second.error().message, "the address " + same + " is in use");
}

TEST(Endpoint, ASocketFileOfADeadProcessIsReplacedAndThatOfALivingOneIsNot) {
  const TemporaryFolder folder;
  const std::string path = folder / "replaced.sock";
  const Endpoint e = parse_endpoint("unix:" + path).value();
  { const auto gone = listen_on(e).value(); }
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);  // closed, but the file stayed
  const auto living = listen_on(e);
  ASSERT_TRUE(living);
  struct stat now {};
  ASSERT_EQ(::stat(path.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 0777, 0600U);
  EXPECT_EQ(listen_on(e).error().code, ErrorCode::kConflict);
}

TEST(Endpoint, AFileThatIsNoSocketIsLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "precious.sock";
  std::ofstream(path) << "precious";
  EXPECT_EQ(listen_on(parse_endpoint("unix:" + path).value()).error().code, ErrorCode::kConflict);
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "precious");
}

TEST(Endpoint, APeerOnLoopbackIsKnownAsSuch) {
  const auto loopback = [](const char* text) {
    return peer_of(-1, parse_endpoint(text).value().address).is_loopback;
  };
  EXPECT_TRUE(loopback("127.3.2.1:1"));
  EXPECT_TRUE(loopback("[::1]:1"));
  EXPECT_TRUE(loopback("[::ffff:127.0.0.1]:1"));
  EXPECT_FALSE(loopback("10.0.0.1:1"));
  EXPECT_FALSE(loopback("[fe80::1]:1"));
}

}  // namespace
}  // namespace longhaul::telemetry::http
