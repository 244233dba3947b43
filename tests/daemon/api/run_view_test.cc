#include "daemon/api/run_view.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/names.h"
#include "tests/daemon/api/view_fixture.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kHour = 3'600'000;

// Of the example (200 steps of 16 × 256 tokens): 50 steps done in 120 s, of which 100 s were steps.
RunState half_way(int64_t now_ms) {
  RunState s;
  s.term = 2;
  s.status = RunStatus::kTraining;
  s.generation = {2, 3};
  s.generations = 4;
  s.daemon_restarts = 1;
  s.lost_steps = 11;
  s.step = 50;
  s.started_ms = now_ms - 120'000;
  s.accounted_ms = now_ms - 20'000;  // the last decision; training has gone on since
  s.status_since_ms = now_ms - 20'000;
  s.time_use.productive_ms = 80'000;
  s.time_use.restarting_ms = 20'000;
  return s;
}

using RunViewTest = ViewTest;

TEST_F(RunViewTest, WhatIsNotKnownIsNullAndNeverZero) {
  const json::object run = view_.run();
  for (const char* name :
       {"description", "loss", "learning_rate", "grad_norm", "tokens_per_second", "step_ms",
        "model_flops_utilization", "generation", "goodput", "eta_s", "eta_at", "eta_low_at", "eta_high_at",
        "last_checkpoint", "started_at", "last_step_at", "state_since", "loss_digest", "state_digest"}) {
    ASSERT_TRUE(run.contains(name)) << name;
    EXPECT_TRUE(run.at(name).is_null()) << name << " is " << run.at(name);
  }
  EXPECT_EQ(run.at("state"), "idle");
  EXPECT_EQ(run.at("step"), 0);
  EXPECT_EQ(run.at("protected"), false);
  EXPECT_FALSE(view_.ready()) << "no daemon has decided anything yet";
}

TEST_F(RunViewTest, ThePlanIsThatOfTheConfiguration) {
  const json::object run = view_.run();
  EXPECT_EQ(run.at("run"), "demo");
  EXPECT_EQ(run.at("title"), "demo") << "the name stands in for a title";
  EXPECT_EQ(run.at("target_steps"), 200);
  EXPECT_EQ(run.at("target_tokens"), 200 * 16 * 256);
  EXPECT_EQ(run.at("parameters"), 3'222'528);
  EXPECT_EQ(run.at("sequence_length"), 256);
  EXPECT_EQ(run.at("global_batch"), 16);
  EXPECT_EQ(run.at("ranks"), 4);
  EXPECT_EQ(run.at("languages"), parsed(R"([{"name":"en","weight":0.6666666666666666},
                                            {"name":"de","weight":0.3333333333333333}])"));
}

TEST_F(RunViewTest, ALanguageHasTheNameThatTheConfigurationGivesIt) {
  config_.data.corpora[1].name = "German";
  EXPECT_EQ(view_.run().at("languages").at(0).at("name"), "en");
  EXPECT_EQ(view_.run().at("languages").at(1).at("name"), "German");
}

TEST_F(RunViewTest, CountersAreThoseOfTheState) {
  show(half_way(clock_.now_ms));
  const json::object run = view_.run();
  EXPECT_EQ(run.at("step"), 50);
  EXPECT_EQ(run.at("tokens"), 50 * 16 * 256);
  EXPECT_EQ(run.at("generation"), "2.3");
  EXPECT_EQ(run.at("term"), 2);
  EXPECT_EQ(run.at("restarts"), 3);
  EXPECT_EQ(run.at("daemon_restarts"), 1);
  EXPECT_EQ(run.at("lost_steps"), 11);
  EXPECT_EQ(run.at("started_at"), "2026-01-02T03:02:05.000Z");
  EXPECT_TRUE(view_.ready());
}

TEST_F(RunViewTest, EveryStateHasItsWord) {
  const std::map<RunStatus, std::string> words = {{RunStatus::kIdle, "idle"},
                                                  {RunStatus::kAcquiring, "acquiring"},
                                                  {RunStatus::kLaunching, "launching"},
                                                  {RunStatus::kRestoring, "restoring"},
                                                  {RunStatus::kTraining, "training"},
                                                  {RunStatus::kEvaluating, "evaluating"},
                                                  {RunStatus::kCheckpointing, "checkpointing"},
                                                  {RunStatus::kRecovering, "recovering"},
                                                  {RunStatus::kDraining, "draining"},
                                                  {RunStatus::kPaused, "paused"},
                                                  {RunStatus::kHalted, "halted"},
                                                  {RunStatus::kCompleted, "completed"}};
  for (const auto& [status, word] : words) {
    RunState s = half_way(clock_.now_ms);
    s.status = status;
    show(s);
    EXPECT_EQ(view_.run().at("state"), json::value(word));
  }
}

TEST_F(RunViewTest, GoodputIsTheShareOfTheTimeThatWentIntoKeptStepsUpToNow) {
  show(half_way(clock_.now_ms));
  EXPECT_DOUBLE_EQ(view_.run().at("goodput").as_double(), 100.0 / 120);
  RunState s = half_way(clock_.now_ms);
  s.catching_up = true;  // steps that were done before are not progress
  show(s);
  EXPECT_DOUBLE_EQ(view_.run().at("goodput").as_double(), 80.0 / 120);
}

TEST_F(RunViewTest, TheTimeToGoIsAtTheSpeedSoFarWithARangeFromUndisturbedToAsMuchLater) {
  show(half_way(clock_.now_ms));
  const json::object run = view_.run();
  EXPECT_EQ(run.at("eta_s"), 360.0);                             // 150 steps of 2.4 s
  EXPECT_EQ(run.at("eta_at"), "2026-01-02T03:10:05.000Z");       // 360 s from now
  EXPECT_EQ(run.at("eta_low_at"), "2026-01-02T03:09:05.000Z");   // 150 steps of 2.0 s
  EXPECT_EQ(run.at("eta_high_at"), "2026-01-02T03:11:05.000Z");  // and 60 s later than the estimate
}

TEST_F(RunViewTest, APauseMovesTheEndButNotTheTimeToGo) {
  RunState s = half_way(clock_.now_ms);
  s.status = RunStatus::kPaused;
  s.accounted_ms = s.status_since_ms = clock_.now_ms;
  s.time_use.productive_ms = 100'000;
  show(s);
  EXPECT_EQ(view_.run().at("eta_s"), 360.0);
  clock_.now_ms += kHour;  // nothing was decided meanwhile
  EXPECT_EQ(view_.run().at("eta_s"), 360.0);
  EXPECT_EQ(view_.run().at("eta_at"), "2026-01-02T04:10:05.000Z");
}

TEST_F(RunViewTest, ACompletedRunHasNoTimeToGoAndItsGoodputStaysWhatItWas) {
  RunState s = half_way(clock_.now_ms);
  s.status = RunStatus::kCompleted;
  s.step = 200;
  s.accounted_ms = s.status_since_ms = clock_.now_ms;
  s.time_use.productive_ms = 100'000;
  show(s);
  EXPECT_TRUE(view_.run().at("eta_s").is_null());
  EXPECT_DOUBLE_EQ(view_.run().at("goodput").as_double(), 100.0 / 120);
  clock_.now_ms += 10 * kHour;
  EXPECT_DOUBLE_EQ(view_.run().at("goodput").as_double(), 100.0 / 120);
}

TEST_F(RunViewTest, AHaltedRunHasNoTimeToGoAndSaysWhyItHalted) {
  RunState s = half_way(clock_.now_ms);
  s.status = RunStatus::kHalted;
  s.halt_reason = "the same failure three times";
  show(s);
  const json::object run = view_.run();
  EXPECT_EQ(run.at("halt_reason"), "the same failure three times");
  EXPECT_TRUE(run.at("eta_s").is_null());
  EXPECT_TRUE(run.at("eta_high_at").is_null());
}

TEST_F(RunViewTest, BeforeTheFirstStepThereIsNoEstimate) {
  RunState s = half_way(clock_.now_ms);
  s.step = 0;
  s.time_use.productive_ms = 0;
  show(s);
  EXPECT_TRUE(view_.run().at("goodput").is_null());
  EXPECT_TRUE(view_.run().at("eta_s").is_null());
}

TEST_F(RunViewTest, AnEndBeyondTheYear9999IsUnknown) {
  config_.run.target_steps = int64_t{1} << 50;
  show(half_way(clock_.now_ms));
  EXPECT_TRUE(view_.run().at("eta_s").is_null());
  EXPECT_TRUE(view_.run().at("eta_at").is_null());
}

TEST_F(RunViewTest, TheTimeUseAddsUpToTheTotal) {
  RunState s = half_way(clock_.now_ms);
  s.time_use = {40'000, 5'000, 30'000, 1'000, 14'000, 10'000};
  s.accounted_ms = clock_.now_ms;
  s.started_ms = clock_.now_ms - 100'000;
  show(s);
  EXPECT_EQ(view_.run().at("time_use"),
            parsed(R"({"productive_s":40.0,"rerun_s":5.0,"restarting_s":30.0,"checkpoint_s":1.0,
                       "paused_s":14.0,"waiting_s":10.0,"total_s":100.0})"));
}

TEST_F(RunViewTest, TheTimeUseGoesOnWithTheClockAlsoWhileNothingIsDecided) {
  RunState s = half_way(clock_.now_ms);
  s.status = RunStatus::kPaused;
  s.accounted_ms = s.status_since_ms = clock_.now_ms - 48 * kHour;
  s.started_ms = s.accounted_ms - 100'000;
  show(s);
  EXPECT_EQ(view_.run().at("time_use"),
            parsed(R"({"productive_s":80.0,"rerun_s":0.0,"restarting_s":20.0,"checkpoint_s":0.0,
                       "paused_s":172800.0,"waiting_s":0.0,"total_s":172900.0})"));
  s.status = RunStatus::kCompleted;
  show(s);
  EXPECT_EQ(view_.run().at("time_use").at("total_s"), 100.0);
}

TEST_F(RunViewTest, TheNewestRecordedStepGivesTheMeasurementsAndAnOlderOneChangesNothing) {
  show(half_way(clock_.now_ms));
  view_.set_step({60, clock_.now_ms - 1000, 1, {{"loss", 2.5}, {"step_ms", 2000}}});
  view_.set_step({59, clock_.now_ms - 3000, 1, {{"loss", 9.9}}});
  const json::object run = view_.run();
  EXPECT_EQ(run.at("step"), 60) << "recorded, though the core has not heard of it";
  EXPECT_EQ(run.at("tokens"), 60 * 16 * 256);
  EXPECT_EQ(run.at("loss"), 2.5);
  EXPECT_EQ(run.at("step_ms"), 2000.0);
  EXPECT_TRUE(run.at("grad_norm").is_null());
  EXPECT_EQ(run.at("last_step_at"), "2026-01-02T03:04:04.000Z");
}

TEST_F(RunViewTest, ANumberThatIsNotFiniteHasNoJsonAndIsNullBesideItsName) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  view_.set_step({1, 1, 1, {{"loss", std::numeric_limits<double>::quiet_NaN()}, {"grad_norm", -kInfinity}}});
  const json::object run = view_.run();
  EXPECT_TRUE(run.at("loss").is_null());
  EXPECT_EQ(run.at("loss_nonfinite"), "nan");
  EXPECT_TRUE(run.at("grad_norm").is_null());
  EXPECT_EQ(run.at("grad_norm_nonfinite"), "-inf");
  EXPECT_FALSE(run.contains("step_ms_nonfinite")) << "not known is not the same";
  view_.set_step({2, 2, 1, {{"loss", 2.5}}});
  EXPECT_FALSE(view_.run().contains("loss_nonfinite"));
}

TEST_F(RunViewTest, AStepThatIsRunAgainIsASignOfLifeToo) {
  view_.set_step({60, clock_.now_ms - 5000, 1, {{"loss", 2.5}}});
  view_.set_last_step_ms(clock_.now_ms - 1000);
  EXPECT_EQ(view_.run().at("last_step_at"), "2026-01-02T03:04:04.000Z");
  view_.set_last_step_ms(clock_.now_ms - 2000);
  EXPECT_EQ(view_.run().at("last_step_at"), "2026-01-02T03:04:04.000Z");
}

TEST_F(RunViewTest, TheRunIsProtectedOnceThereIsACheckpointAndSaysHowManyStepsAreNot) {
  RunState s = half_way(clock_.now_ms);
  show(s);
  EXPECT_EQ(view_.run().at("protected"), false);
  EXPECT_EQ(view_.run().at("unprotected_steps"), 50);
  s.last_checkpoint = CheckpointNote{40, "/store/checkpoints/step-40-b0-g2.3", clock_.now_ms, 5000};
  show(s);
  const json::object run = view_.run();
  EXPECT_EQ(run.at("protected"), true);
  EXPECT_EQ(run.at("unprotected_steps"), 10);
  EXPECT_EQ(run.at("last_checkpoint"), parsed(R"({"step":40,"saved_at":"2026-01-02T03:04:05.000Z",
                                                  "size_bytes":5000,"verified":null,"sane":null})"));
}

TEST_F(RunViewTest, NodesAreCountedByStateWithZerosForTheOthers) {
  RunState s = half_way(clock_.now_ms);
  s.nodes = {{"node-0", {.status = NodeStatus::kHealthy}},
             {"node-1", {.status = NodeStatus::kHealthy}},
             {"node-2", {.status = NodeStatus::kSpare}}};
  show(s);
  EXPECT_EQ(view_.run().at("nodes"), parsed(R"({"healthy":2,"suspect":0,"spare":1,"draining":0,"down":0,
                                                "excluded":0,"unknown":0})"));
}

TEST_F(RunViewTest, ThePublicSeesNodesAndRanksButNoProcessIdsOrAddresses) {
  RunState s = half_way(clock_.now_ms);
  s.nodes = {{"node-0", {.status = NodeStatus::kHealthy, .lives = 3}},
             {"node-1", {.status = NodeStatus::kDown, .lives = 0}}};
  s.ranks = {{.rank = 0, .node = "node-0"}, {.rank = 1, .node = "node-0"}};
  show(s);
  rows_["node-0"] = {4711, 20, {{0, 4712, "running", 50}}};
  EXPECT_EQ(json::value(view_.nodes()),
            parsed(R"([{"name":"node-0","state":"healthy","ranks":[0,1],"connected":true,"last_heard_ms":20,
                        "restarts":2},
                       {"name":"node-1","state":"down","ranks":[],"connected":false,"last_heard_ms":null,
                        "restarts":0}])"));
}

TEST_F(RunViewTest, OperatorsSeeProcessIdsAndWhereEachRankIs) {
  RunState s = half_way(clock_.now_ms);
  s.nodes = {{"node-0", {.status = NodeStatus::kHealthy, .lives = 1}}, {"node-1", {}}};
  s.ranks = {{.rank = 0, .node = "node-0"}};
  show(s);
  rows_["node-0"] = {4711, 20, {{0, 4712, "running", 50}}};
  const json::array nodes = view_.nodes_with_pids();
  EXPECT_EQ(nodes.at(0).at("agent_pid"), 4711);
  EXPECT_EQ(nodes.at(0).at("ranks"), parsed(R"([{"rank":0,"pid":4712,"state":"running","step":50}])"));
  EXPECT_TRUE(nodes.at(1).at("agent_pid").is_null());
  EXPECT_EQ(nodes.at(1).at("ranks"), parsed("[]"));
}

TEST_F(RunViewTest, WhenACheckpointWasSavedMayBeUnknown) {
  view_.set_checkpoints({{20, 0, "2.3", 0, 5000}});
  EXPECT_TRUE(view_.checkpoints().at(0).at("saved_at").is_null());
}

TEST_F(RunViewTest, CheckpointsAreListedAsTheCatalogHasThem) {
  view_.set_checkpoints({{20, 0, "2.3", clock_.now_ms, 5000}});
  EXPECT_EQ(json::value(view_.checkpoints()),
            parsed(R"([{"step":20,"branch":0,"generation":"2.3","saved_at":"2026-01-02T03:04:05.000Z",
                        "size_bytes":5000,"verified":null,"sane":null,"pinned":false,"where":["store"]}])"));
}

TEST_F(RunViewTest, ACheckpointIsVerifiedWhenTheCatalogHasReadItBackAndNotBefore) {
  RunState s = half_way(clock_.now_ms);
  s.last_checkpoint = CheckpointNote{20, "/c/step-20-b0-g2.3", clock_.now_ms, 5000, {2, 3}};
  show(s);
  const auto shown = [&] { return view_.run().at("last_checkpoint").at("verified"); };
  EXPECT_TRUE(shown().is_null());
  view_.set_checkpoints({{20, 0, "2.3", clock_.now_ms, 5000}, {20, 0, "2.2", clock_.now_ms, 5000, true}});
  EXPECT_TRUE(shown().is_null()) << "the one of another generation was read";
  view_.set_checkpoints({{20, 0, "2.3", clock_.now_ms, 5000, true}});
  EXPECT_EQ(shown(), json::value(true));
  EXPECT_EQ(view_.checkpoints().at(0).at("verified"), json::value(true));
  view_.set_checkpoints({{20, 0, "2.3", clock_.now_ms, 5000, false}});
  EXPECT_EQ(shown(), json::value(false));
  EXPECT_EQ(view_.checkpoints().at(0).at("verified"), json::value(false));
}

}  // namespace
}  // namespace longhaul::daemon
