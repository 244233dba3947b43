#include "daemon/cli/format.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

json::object object(const std::string& text) { return json::parse_object(text).value(); }

TEST(Format, AProgressLineTellsWhereTheRunIs) {
  EXPECT_EQ(progress_line(object(R"({"state":"training","step":120,"target_steps":2000,"loss":2.46,
                                     "tokens_per_second":13200.4,"restarts":2,"lost_steps":7,"eta_s":5400})")),
            "training      step 120/2000  loss 2.4600  13200 tokens/s  restarts 2  lost steps 7  "
            "to go 90 min");
}

TEST(Format, WhatIsUnknownIsADashAndNotZero) {
  const std::string dashes =
      "idle          step 0/200  loss –  – tokens/s  restarts –  lost steps –  to go –";
  EXPECT_EQ(progress_line(object(R"({"state":"idle","step":0,"target_steps":200,"loss":null,"eta_s":null})")),
            dashes);
}

TEST(Format, AnAnswerThatIsNotARunIsShownWithoutACrash) {
  for (const char* text : {"{}", R"({"state":5,"step":"x","loss":[],"nodes":7,"last_checkpoint":1})"}) {
    EXPECT_NE(progress_line(object(text)), "") << text;
    EXPECT_NE(status_text(object(text), object(text)), "") << text;
    EXPECT_NE(event_line(object(text)), "") << text;
    EXPECT_NE(summary_line(object(text)), "") << text;
  }
}

TEST(Format, TheTimeToGoIsInUnitsThatAPersonReads) {
  const auto to_go = [](int64_t seconds) {
    const std::string line = progress_line({{"eta_s", seconds}});
    return line.substr(line.find("to go ") + 6);
  };
  EXPECT_EQ(to_go(119), "119 s");
  EXPECT_EQ(to_go(120), "2 min");
  EXPECT_EQ(to_go(7199), "119 min");
  EXPECT_EQ(to_go(7200), "2 h 0 min");
  EXPECT_EQ(to_go(172'799), "47 h 59 min");
  EXPECT_EQ(to_go(172'800), "2 days 0 h");
  EXPECT_EQ(to_go(100 * 86'400 + 3 * 3600), "100 days 3 h");
}

TEST(Format, TheStatusIsAScreenWithTheNodesBelow) {
  const json::object run = object(
      R"({"run":"demo","state":"training","step":120,"target_steps":2000,"loss":2.46,"grad_norm":0.3125,
          "learning_rate":0.001,"tokens_per_second":13200,"step_ms":310,"goodput":0.9876,"eta_s":60,
          "generation":"3.1","restarts":2,"daemon_restarts":1,"lost_steps":7,
          "last_checkpoint":{"step":110,"saved_at":"2026-01-02T03:04:05Z"}})");
  const json::object nodes = object(
      R"({"nodes":[{"name":"node-0","state":"healthy","ranks":[{"rank":0,"state":"running","step":120}]},
                   {"name":"node-1","state":"spare","ranks":[]}]})");
  EXPECT_EQ(status_text(run, nodes),
            "demo: training, step 120 of 2000\n"
            "  loss 2.4600   gradient norm 0.312   learning rate 0.001\n"
            "  13200 tokens/s   310 ms a step   goodput 0.988   to go 60 s\n"
            "  generation 3.1   restarts 2   daemon restarts 1   lost steps 7\n"
            "  last checkpoint: step 110, 2026-01-02T03:04:05Z\n"
            "  node-0     healthy    rank 0 (running, step 120)\n"
            "  node-1     spare    \n");
}

TEST(Format, AHaltedRunSaysWhy) {
  const std::string text = status_text(object(R"({"state":"halted","halt_reason":"no node"})"), {});
  EXPECT_NE(text.find("  halted because: no node\n"), std::string::npos);
  EXPECT_NE(text.find("no checkpoint yet"), std::string::npos);
}

TEST(Format, AnEventIsALineWithItsDetail) {
  EXPECT_EQ(event_line(object(R"({"at":"2026-01-02T03:04:05Z","step":120,"severity":"error",
                                  "title":"A rank died on node-1.","detail":"Signal 9."})")),
            "2026-01-02T03:04:05Z  step    120  error      A rank died on node-1. Signal 9.");
  EXPECT_EQ(
      event_line(object(R"({"at":"t","step":1,"severity":"good","title":"Saved step 1.","detail":""})")),
      "t  step      1  good       Saved step 1.");
}

TEST(Format, TheSummaryIsWhatScriptsRead) {
  EXPECT_EQ(summary_line(object(R"({"state":"completed","steps":200,"restarts":3,"daemon_restarts":1,
                                    "lost_steps":21,"loss_digest":"0123456789abcdef",
                                    "state_digest":"fedcba9876543210","halt_reason":""})")),
            "steps=200 restarts=3 lost_steps=21 loss_digest=0123456789abcdef state_digest=fedcba9876543210 "
            "daemon_restarts=1");
}

}  // namespace
}  // namespace longhaul::daemon
