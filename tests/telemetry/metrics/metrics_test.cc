#include "telemetry/metrics/metrics.h"

#include <cmath>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace longhaul::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

void fill(Metrics& m) {
  m.state("launching");
  m.state("training");
  m.target_tokens(1000);
  m.step({.step = 7,
          .wall_s = 1.7e9,
          .tokens = 700,
          .loss = 2.5,
          .grad_norm = 0.5,
          .learning_rate = 1e-3,
          .duration_s = 0.2,
          .flops_per_second = 3e9});
  m.processed(100);
  m.restart("rank_died");
  m.rolled_back("recovery", 5);
  m.goodput(0.97);
  m.checkpoint(1.5, 0.1, 1 << 20, 1.7e9);
  m.nodes("healthy", 2);
  m.http_request("/api/v1/run", 200, 0.001);
  m.http_request("", 404, 0.001);
  m.live_sessions(3);
  m.live_frame_sent();
  m.live_resets(2);
  m.commit(0.0004);
  m.ingest_lag(0.02);
}

TEST(Metrics, SayWhatTheyWereTold) {
  Metrics m("demo", "0.1.0");
  EXPECT_THAT(m.text(), Not(HasSubstr("train_goodput_ratio 0")));  // unknown is absent
  fill(m);
  const std::string text = m.text();
  for (const char* line :
       {"train_build_info{version=\"0.1.0\"} 1\n", "train_run_state{run=\"demo\",state=\"training\"} 1\n",
        "train_run_state{run=\"demo\",state=\"launching\"} 0\n", "train_step 7\n", "train_tokens 700\n",
        "train_loss{split=\"train\"} 2.5\n", "train_restarts_total{reason=\"rank_died\"} 1\n",
        "train_rolled_back_steps_total{reason=\"recovery\"} 5\n", "train_nonfinite_steps_total 0\n",
        "train_step_duration_seconds_count 1\n", "train_nodes{state=\"healthy\"} 2\n",
        "http_requests_total{code=\"200\",route=\"/api/v1/run\"} 1\n", "ws_resets_total 2\n",
        "train_processed_tokens_total 100\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  m.step({.step = 8, .loss = std::nan("")});
  EXPECT_THAT(m.text(), HasSubstr("train_nonfinite_steps_total 1\n"));
}

TEST(Metrics, WhatATrainerDoesNotSayIsAbsentAndNotZero) {
  Metrics m("demo", "0.1.0");
  m.step({.step = 7, .wall_s = 1.7e9});
  const std::string text = m.text();
  EXPECT_THAT(text, HasSubstr("train_step 7\n"));
  for (const char* name : {"train_loss", "train_grad_norm", "train_learning_rate", "train_tokens",
                           "train_step_duration_seconds", "train_gpu_flops_per_second"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + name + " "))) << name;
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + name + "{"))) << name;
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + name + "_count"))) << name;
  }
  EXPECT_THAT(text, HasSubstr("train_nonfinite_steps_total 0\n"));
}

TEST(Metrics, PromtoolHasNoComplaint) {
#ifndef LONGHAUL_PROMTOOL
  GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
#else
  Metrics m("demo", "0.1.0");
  fill(m);
  const TemporaryFolder folder;
  const std::string path = folder / "metrics.txt";
  folder.write("metrics.txt", m.text());
  std::FILE* pipe = ::popen((LONGHAUL_PROMTOOL " check metrics --extended < " + path + " 2>&1").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char chunk[512];
  while (std::fgets(chunk, sizeof chunk, pipe) != nullptr) output += chunk;
  EXPECT_EQ(::pclose(pipe), 0) << output;
  EXPECT_THAT(output, Not(HasSubstr("use")));    // lint lines: "… should …", "use base unit …"
  EXPECT_THAT(output, HasSubstr("train_step"));  // --extended lists what it read
#endif
}

}  // namespace
}  // namespace longhaul::telemetry
