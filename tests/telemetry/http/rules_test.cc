#include "telemetry/http/rules.h"

#include <gtest/gtest.h>

namespace longhaul::telemetry::http {
namespace {

int status(std::string_view method, const Fields& headers, const Rules& rules = {}, int version = 11) {
  const auto refused = refusal({method, version, &headers}, rules);
  return refused ? refused->status : 0;
}

const Fields kHost{{"Host", "example.org:8080"}};
Fields with(const std::string& name, const std::string& value) { return {kHost[0], {name, value}}; }

TEST(Rules, ThePublicListenerReadsAndNothingElse) {
  EXPECT_EQ(status("GET", kHost), 0);
  EXPECT_EQ(status("HEAD", kHost), 0);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", ""}) {
    EXPECT_EQ(status(method, kHost), 405) << method;
  }
  const auto refused = refusal({"POST", 11, &kHost}, {});
  EXPECT_EQ(*find_field(refused->headers, "Allow"), "GET, HEAD");
  EXPECT_EQ(status("POST", kHost, {.allow_post = true}), 0);
}

TEST(Rules, ExactlyOnePlausibleHostIsRequired) {
  EXPECT_EQ(status("GET", {}), 400);
  EXPECT_EQ(status("GET", {{"Host", "a"}, {"hOST", "a"}}), 400);
  for (const char* host : {"", "a b", "a/b", "user@a", "a\r\nb", "a,b"})
    EXPECT_EQ(status("GET", {{"Host", host}}), 400);
  EXPECT_EQ(status("GET", {{"Host", "[::1]:80"}}), 0);
}

TEST(Rules, BodiesAndTransferCodingsAreRefused) {
  for (const char* coding : {"chunked", "gzip", "xchunked", "identity", ""}) {
    EXPECT_EQ(status("GET", with("transfer-encoding", coding)), 400) << coding;
  }
  EXPECT_EQ(status("GET", with("Content-Length", "0")), 0);
  EXPECT_EQ(status("GET", with("Content-Length", "1")), 413);
  for (const char* length : {"", "x", "-1", "2, 2", "+1", "99999999999999999999"}) {
    EXPECT_EQ(status("GET", with("Content-Length", length)), 400) << length;
  }
  EXPECT_EQ(status("GET", {kHost[0], {"Content-Length", "0"}, {"Content-Length", "0"}}), 400);
}

TEST(Rules, TheOperatorListenerTakesABodyUpToItsLimit) {
  const Rules operators{.allow_post = true, .body_limit_bytes = 100};
  EXPECT_EQ(status("POST", with("Content-Length", "100"), operators), 0);
  EXPECT_EQ(body_size(with("Content-Length", "100")), 100U);
  EXPECT_EQ(status("POST", with("Content-Length", "101"), operators), 413);
  EXPECT_EQ(status("GET", with("Content-Length", "1"), operators), 413);
  EXPECT_EQ(status("POST", with("Transfer-Encoding", "chunked"), operators), 400);
}

TEST(Rules, OldVersionsAndTooManyFieldsAreRefused) {
  EXPECT_EQ(status("GET", kHost, {}, 20), 505);
  EXPECT_EQ(status("GET", kHost, {}, 9), 505);
  EXPECT_EQ(status("GET", Fields(65, kHost[0])), 431);
}

}  // namespace
}  // namespace longhaul::telemetry::http
