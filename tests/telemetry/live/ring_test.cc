#include "telemetry/live/ring.h"

#include <random>

#include <gtest/gtest.h>

#include "base/json/json.h"

namespace longhaul::telemetry::live {
namespace {

std::string drain(Cursor& cursor) {
  std::string all;
  while (Frame f = cursor.next()) all += *f + "\n";
  return all;
}

TEST(Ring, AViewerThatComesNewGetsWhatFollows) {
  Ring ring("e1", 0);
  ring.push(1, R"({"type":"step"})");
  Cursor cursor(ring);
  EXPECT_EQ(cursor.next(), nullptr);
  ASSERT_TRUE(cursor.receive(R"({"epoch":null,"seq":null})"));
  EXPECT_EQ(drain(cursor), R"({"type":"hello","epoch":"e1","seq":1})"
                           "\n");
  ring.push(2, R"({"type":"step"})");
  EXPECT_EQ(drain(cursor), R"({"seq":2,"type":"step"})"
                           "\n");
}

TEST(Ring, AViewerThatComesBackGetsWhatItMissedInOneFrame) {
  Ring ring("e1", 40);
  for (int s = 41; s <= 44; ++s) ring.push(s, "{}");
  Cursor cursor(ring);
  ASSERT_TRUE(cursor.receive(R"({"epoch":"e1","seq":42})"));
  EXPECT_EQ(drain(cursor), R"({"type":"hello","epoch":"e1","seq":42})"
                           "\n"
                           R"({"type":"batch","frames":[{"seq":43},{"seq":44}]})"
                           "\n");
  Cursor other(ring);
  ASSERT_TRUE(other.receive(R"({"epoch":"e1","seq":42})"));
  other.next();
  Cursor third(ring);
  ASSERT_TRUE(third.receive(R"({"epoch":"e1","seq":42})"));
  third.next();
  EXPECT_EQ(other.next(), third.next());  // the very same bytes
}

TEST(Ring, AViewerOfAnotherEpochOrTooFarBehindOrAheadIsReset) {
  Ring ring("e1", 0);
  for (int s = 1; s <= 1000; ++s) ring.push(s, "{}");
  for (const char* hello :
       {R"({"epoch":"e0","seq":1000})", R"({"epoch":"e1","seq":743})", R"({"epoch":"e1","seq":1001})",
        R"({"epoch":"e1","seq":null})", R"({"epoch":"e1","seq":-1})"}) {
    Cursor cursor(ring);
    ASSERT_TRUE(cursor.receive(hello));
    EXPECT_EQ(drain(cursor), R"({"type":"reset","epoch":"e1","seq":1000})"
                             "\n")
        << hello;
  }
  Cursor just(ring);
  ASSERT_TRUE(just.receive(R"({"epoch":"e1","seq":744})"));  // 256 behind
  EXPECT_EQ(just.resets(), 0);
}

TEST(Ring, WhoeverFallsBehindWhileConnectedIsReset) {
  Ring ring("e1", 0);
  Cursor cursor(ring);
  ASSERT_TRUE(cursor.receive("{}"));
  drain(cursor);
  for (int s = 1; s <= 257; ++s) ring.push(s, "{}");
  EXPECT_EQ(drain(cursor), R"({"type":"reset","epoch":"e1","seq":257})"
                           "\n");
  ring.push(300, "{}");  // a gap in the numbers
  EXPECT_EQ(drain(cursor), R"({"type":"reset","epoch":"e1","seq":300})"
                           "\n");
  EXPECT_EQ(cursor.resets(), 2);
}

TEST(Ring, OnlyTheNewestRunAndTickAreSent) {
  Ring ring("e1", 0);
  ring.tick("before");
  ring.set_run(R"({"step":1})");
  Cursor cursor(ring);
  ASSERT_TRUE(cursor.receive("{}"));
  drain(cursor);
  ring.set_run(R"({"step":2})");
  ring.set_run(R"({"step":3})");
  ring.tick("a");
  ring.tick("b");
  EXPECT_EQ(drain(cursor), R"({"type":"run","run":{"step":3}})"
                           "\n"
                           R"({"type":"tick","now":"b"})"
                           "\n");
}

TEST(Ring, WhatIsNoGreetingIsRefused) {
  Ring ring("e1", 0);
  for (const char* text :
       {"", "[]", "hello", R"({"epoch":1})", R"({"seq":"1"})", R"({"epoch":"e1","seq":1.5})"}) {
    EXPECT_FALSE(Cursor(ring).receive(text)) << text;
  }
}

// Whatever the speed of a viewer, it sees every number once and in order, or is told to begin again.
TEST(Ring, EveryDeltaArrivesOnceOrAResetSaysSo) {
  std::mt19937 random(11);
  Ring ring("e1", 0);
  Cursor cursor(ring);
  ASSERT_TRUE(cursor.receive("{}"));
  int64_t seen = 0;
  const auto take = [&](const json::object& o) {
    const std::string type = json::string_or(o, "type", "");
    const int64_t seq = json::get_int(o, "seq").value();
    if (type != "reset" && type != "hello") {
      ASSERT_EQ(seq, seen + 1);
    }
    seen = seq;
  };
  for (int64_t s = 1; s <= 20'000;) {
    for (auto n = random() % (random() % 20 == 0 ? 400 : 6); n > 0; --n) ring.push(s++, R"({"type":"step"})");
    if (random() % 3 != 0) continue;
    if (const Frame f = cursor.next()) {
      const auto o = json::parse_object(*f).value();
      if (json::string_or(o, "type", "") == "batch") {
        for (const auto& inner : o.at("frames").as_array()) take(inner.as_object());
      } else {
        take(o);
      }
    }
  }
  while (cursor.next()) {
  }
  EXPECT_GT(cursor.resets(), 0);
  EXPECT_GT(seen, 19'000);
}

}  // namespace
}  // namespace longhaul::telemetry::live
