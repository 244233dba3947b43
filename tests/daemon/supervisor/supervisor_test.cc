#include "daemon/supervisor/supervisor.h"

#include <csignal>
#include <future>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sqlite/database.h"
#include "telemetry/history/reader.h"
#include "telemetry/http/client.h"
#include "tests/daemon/supervisor/supervisor_fixture.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;

class SupervisorTest : public SupervisorFixture {
 protected:
  // The daemon's answer to an operator, while its loop turns.
  http::ClientResponse operate(const std::string& method, const std::string& target) {
    auto answer = std::async(std::launch::async, [&] {
      return http::request("unix:" + (folder_ / "state/operator.sock"), method, target);
    });
    until([&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    return answer.get().value();
  }
  json::object run() { return json::parse_object(operate("GET", "/api/v1/run").body).value(); }
  // Restored at step 0 and the first step done.
  void train() {
    connect_agent();
    ASSERT_NE(hear<wire::Launch>(), nullptr);
    spool(1, {R"({"rank":0,"generation":"1.1","phase":"restore","restored_step":0})",
              R"({"rank":0,"generation":"1.1","phase":"train","step":1,"loss":2.5,"tokens":4096})"});
    ASSERT_TRUE(hear_acknowledged(2));
  }
};

TEST_F(SupervisorTest, AnAgentThatConnectsIsWelcomedAndGetsTheRanksAfterTheFenceIsUp) {
  ASSERT_TRUE(start());
  connect_agent();
  const auto* launch = hear<wire::Launch>();
  ASSERT_NE(launch, nullptr);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "store/generations/1.1"));
  ASSERT_TRUE(std::holds_alternative<wire::Welcome>(heard_.front()));
  EXPECT_EQ(std::get<wire::Welcome>(heard_.front()).term, 1);
  EXPECT_EQ(launch->term, 1);
  EXPECT_EQ(launch->generation, "1.1");
  EXPECT_EQ(launch->world_size, 1);
  EXPECT_EQ(launch->node_count, 1);
  ASSERT_EQ(launch->ranks.size(), 1U);
  EXPECT_EQ(launch->ranks[0].rank, 0);
  EXPECT_EQ(launch->master_address, "127.0.0.1");
  EXPECT_EQ(launch->master_port, 29500);
  EXPECT_EQ(launch->resume, "") << "there is no checkpoint";
}

TEST_F(SupervisorTest, ARunGoesFromItsFirstStepToItsResult) {
  ASSERT_TRUE(start());
  train();
  spool(3, {R"({"rank":0,"generation":"1.1","phase":"train","step":2,"loss":2.25,"tokens":8192})",
            R"({"rank":0,"generation":"1.1","phase":"train","step":3,"loss":2.0,"tokens":12288})",
            R"({"rank":0,"generation":"1.1","phase":"done","step":3,"state_digest":"0123456789abcdef"})",
            R"({"exit":{"rank":0,"generation":"1.1","pid":9,"exit_code":0,"signal":0,"asked":false,
                        "last_stderr":""}})"});
  EXPECT_TRUE(hear_acknowledged(6));
  EXPECT_NE(hear<wire::Shutdown>(), nullptr);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_ / "state/result.json"); }));
  const json::object result = document("state/result.json");
  EXPECT_EQ(result.at("state"), "completed");
  EXPECT_EQ(result.at("steps"), 3);
  EXPECT_EQ(result.at("restarts"), 0);
  EXPECT_EQ(result.at("lost_steps"), 0);
  EXPECT_EQ(result.at("state_digest"), "0123456789abcdef");
  auto reader = telemetry::HistoryReader::open(folder_ / "state/history.db").value();
  EXPECT_EQ(json::string_or(result, "loss_digest", ""), reader.loss_digest(3).value());
  EXPECT_TRUE(until([&] { return run().at("loss_digest") == result.at("loss_digest"); }));
  agent_->close();
  ASSERT_TRUE(until([&] { return io_.stopped(); })) << "with its agents gone it leaves";
  EXPECT_EQ(supervisor_->exit_code(), 0);
}

TEST_F(SupervisorTest, TheRunIsShownAsItIs) {
  ASSERT_TRUE(start());
  train();
  ASSERT_TRUE(until([&] { return run().at("state") == "training"; }));
  const json::object shown = run();
  EXPECT_EQ(shown.at("step"), 1);
  EXPECT_EQ(shown.at("loss"), 2.5);
  EXPECT_EQ(shown.at("generation"), "1.1");
  EXPECT_EQ(shown.at("nodes").at("healthy"), 1);
}

TEST_F(SupervisorTest, ASaveThatFailedIsToldToEverybody) {
  ASSERT_TRUE(start());
  train();
  spool(
      3,
      {R"({"rank":0,"generation":"1.1","checkpoint_failed":{"step":1,"message":"No space left on device"}})"});
  std::string events;
  EXPECT_TRUE(until([&] {
    events = operate("GET", "/api/v1/events").body;
    return events.find(R"("kind":"checkpoint_failed","severity":"error")") != std::string::npos;
  }));
  EXPECT_THAT(events, testing::HasSubstr("No space left on device"));
}

TEST_F(SupervisorTest, ASpoolWithALineThatNobodyCanReadGoesOnBehindItAndWhatComesAgainIsIgnored) {
  ASSERT_TRUE(start());
  train();
  spool(4, {R"({"rank":0,"generation":"1.1","phase":"train","step":3,"loss":2.0})"});
  EXPECT_TRUE(hear_acknowledged(4));
  const auto step = [&](int64_t number) {
    return telemetry::HistoryReader::open(folder_ / "state/history.db").value().step(number).value();
  };
  EXPECT_TRUE(step(3));
  spool(3, {R"({"rank":0,"generation":"1.1","phase":"train","step":2,"loss":2.25})"});
  spool(5, {R"({"rank":0,"generation":"1.1","phase":"train","step":4,"loss":1.9})"});
  EXPECT_TRUE(hear_acknowledged(5));
  EXPECT_FALSE(step(2));
}

TEST_F(SupervisorTest, ALaterLifeTellsTheAgentHowFarItsSpoolIsSafeAndLetsTheRanksRun) {
  ASSERT_TRUE(start());
  train();
  supervisor_.reset();
  agent_.reset();
  heard_.clear();
  ASSERT_TRUE(start());
  connect_agent({{0, "1.1", 9, "running", "train", 1}});
  const auto* welcome = hear<wire::Welcome>();
  ASSERT_NE(welcome, nullptr);
  EXPECT_EQ(welcome->term, 2);
  EXPECT_EQ(welcome->acknowledged_seq, 2);
  spool(3, {R"({"rank":0,"generation":"1.1","phase":"train","step":2,"loss":2.25})"});
  EXPECT_TRUE(hear_acknowledged(3));
  const json::object shown = run();
  EXPECT_EQ(shown.at("generation"), "1.1") << "nothing was launched again";
  EXPECT_EQ(shown.at("daemon_restarts"), 1);
  EXPECT_EQ(shown.at("lost_steps"), 0);
}

// As after a SIGKILL between the journal and the history, which are two files.
TEST_F(SupervisorTest, WhatWasDecidedAndNotYetRecordedIsToldByTheNextLifeAndOnce) {
  const std::string saved =
      R"({"rank":0,"generation":"1.1","checkpoint":{"step":1,"path":"/s/1","size_bytes":5,"duration_ms":1}})";
  ASSERT_TRUE(start());
  train();
  spool(3, {saved});
  ASSERT_TRUE(hear_acknowledged(3));
  const auto saves = [this] {
    auto reader = telemetry::HistoryReader::open(folder_ / "state/history.db").value();
    const auto events = reader.events(0, 100, telemetry::EventOrder::kOldestFirst).value();
    return std::count_if(events.begin(), events.end(), [](auto& e) { return e.kind == "checkpoint_saved"; });
  };
  ASSERT_TRUE(until([&] { return saves() == 1; }));
  supervisor_.reset();
  agent_.reset();
  heard_.clear();
  {
    auto db = sqlite::Database::open(folder_ / "state/history.db").value();
    ASSERT_TRUE(
        db.execute("DELETE FROM event WHERE kind = 'checkpoint_saved';"
                   "UPDATE source_mark SET seq = seq - 1"));  // of the spool and of the journal
    ASSERT_EQ(saves(), 0);
  }
  ASSERT_TRUE(start());
  connect_agent({{0, "1.1", 9, "running", "train", 1}});
  const auto* welcome = hear<wire::Welcome>();
  ASSERT_NE(welcome, nullptr);
  EXPECT_EQ(welcome->acknowledged_seq, 2);
  EXPECT_EQ(welcome->used_seq, 3) << "a new disk must not use the number again";
  spool(3, {saved, R"({"rank":0,"generation":"1.1","phase":"train","step":2,"loss":2.25})"});
  ASSERT_TRUE(hear_acknowledged(4));
  EXPECT_EQ(saves(), 1);
}

TEST_F(SupervisorTest, AMismatchThatWasRecordedBeforeTheDaemonDiedStillHaltsTheRun) {
  ASSERT_TRUE(start());
  train();
  supervisor_.reset();
  agent_.reset();
  heard_.clear();
  {
    auto db = sqlite::Database::open(folder_ / "state/history.db").value();
    ASSERT_TRUE(db.execute("INSERT INTO mismatch(step,metric,recorded,reported) VALUES(1,'loss',2.5,2.6)"));
  }
  ASSERT_TRUE(start());
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_ / "state/result.json"); }));
  EXPECT_THAT(json::string_or(document("state/result.json"), "halt_reason", ""),
              testing::HasSubstr("loss was 2.5, now 2.6"));
  ASSERT_TRUE(until([&] { return io_.stopped(); }));
  EXPECT_EQ(supervisor_->exit_code(), 5);
}

TEST_F(SupervisorTest, APauseAsksTheRanksToSaveAndLeave) {
  ASSERT_TRUE(start());
  train();
  const auto answer = operate("POST", "/api/v1/commands/pause");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto* stop = hear<wire::StopRanks>();
  ASSERT_NE(stop, nullptr);
  EXPECT_EQ(stop->generation, "1.1");
  EXPECT_FALSE(stop->force);
  EXPECT_EQ(stop->grace_ms, config_.recovery.stop_grace_ms);
}

TEST_F(SupervisorTest, AnAgentThatHasNotConnectedYetIsAskedToEndWhenTheRunStops) {
  folder_.write_program("programs/longhaul-agent", fmt::format(R"(#!/bin/bash
exec 9<>{0}/nodes/$2/agent.lock
flock 9
echo $$ >&9
exec sleep 1000
)",
                                                               folder_.path()));
  ASSERT_TRUE(start());
  int pid = 0;
  ASSERT_TRUE(until([&] {
    std::istringstream(folder_.read("nodes/node-0/agent.lock")) >> pid;
    return pid > 0;
  }));
  EXPECT_EQ(operate("POST", "/api/v1/commands/stop").status, 200);
  ASSERT_TRUE(until([&] { return io_.stopped(); }));
  EXPECT_EQ(supervisor_->exit_code(), 0);
  EXPECT_NE(::kill(pid, 0), 0) << "it holds a node that nobody supervises";
}

TEST_F(SupervisorTest, ADaemonThatWasTakenOverLeavesWithoutTouchingTheRanks) {
  ASSERT_TRUE(start());
  train();
  ASSERT_TRUE(claim_term(config_.paths.store));
  ASSERT_TRUE(until([&] { return io_.stopped(); })) << "it looks every five seconds";
  EXPECT_EQ(supervisor_->exit_code(), 2);
  for (const auto& message : heard_) {
    EXPECT_FALSE(std::holds_alternative<wire::StopRanks>(message));
    EXPECT_FALSE(std::holds_alternative<wire::Shutdown>(message));
  }
}

}  // namespace
}  // namespace longhaul::daemon
