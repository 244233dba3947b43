#include "trainer/loop/rank.h"

#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/posix/file.h"
#include "config/load.h"
#include "tests/trainer/comm/ranks.h"
#include "tests/trainer/loop/tiny_run.h"

namespace longhaul::trainer {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// What an undisturbed run gives: the oracle of everything below.
struct Undisturbed {
  std::map<int64_t, double> losses;
  std::string digest;
};
Undisturbed undisturbed(int ranks, int64_t steps = 12) {
  TinyRun run;
  run.write_config(steps);
  const auto result = run.run({.ranks = ranks});
  EXPECT_THAT(result.exit_codes, Each(0));
  return {result.losses(), result.state_digest()};
}

TEST(Rank, TrainsToTheTargetAndLearns) {
  TinyRun run;
  run.write_config(60);
  const auto result = run.run({.ranks = 1});
  ASSERT_THAT(result.exit_codes, ElementsAre(0));
  const auto losses = result.losses();
  ASSERT_EQ(losses.size(), 60u);
  EXPECT_NEAR(losses.at(1), 4.16, 0.5);  // ln 64: it knows nothing yet
  EXPECT_LT(losses.at(60), 3.2);
  EXPECT_EQ(result.state_digest().size(), 16u);
}

TEST(Rank, GivesTheSameBitsOnOneTwoThreeAndFourRanks) {
  const Undisturbed one = undisturbed(1);
  ASSERT_EQ(one.losses.size(), 12u);
  for (const int ranks : {2, 3, 4}) {
    const Undisturbed more = undisturbed(ranks);
    EXPECT_EQ(more.losses, one.losses) << ranks << " ranks";
    EXPECT_EQ(more.digest, one.digest) << ranks << " ranks";
  }
}

TEST(Rank, ReportsTheSameFromEveryRank) {
  TinyRun run;
  const auto result = run.run({.ranks = 2});
  EXPECT_EQ(result.losses(1), result.losses(0));
  EXPECT_EQ(result.losses(1).size(), 12u);
  const auto done = result.line_with("state_digest", 1);
  EXPECT_EQ(json::string_or(done, "phase", ""), "done");
  EXPECT_EQ(json::int_or(done, "step", 0), 12);
  EXPECT_THAT(run.checkpoints(), ElementsAre("step-12-b0-g1.1", "step-4-b0-g1.1", "step-8-b0-g1.1"));
}

TEST(Rank, ContinuesAfterAKillAsIfNothingHadHappened) {
  const Undisturbed want = undisturbed(2);
  TinyRun run;
  bool killed = false;
  const auto first = run.run({.ranks = 2, .on_line = [&](const json::object& line, TinyRun::Running& ranks) {
                                if (json::int_or(line, "step", 0) == 6 && !killed) {
                                  killed = true;
                                  ::kill(ranks.pids[1], SIGKILL);
                                }
                              }});
  EXPECT_THAT(first.exit_codes, ElementsAre(75, 128 + SIGKILL));
  EXPECT_EQ(first.error_kind(), "peer_lost");
  const auto second =
      run.run({.ranks = 2, .generation = "1.2", .resume = run.store() + "/checkpoints/step-4-b0-g1.1"});
  ASSERT_THAT(second.exit_codes, Each(0));
  EXPECT_EQ(json::int_or(second.line_with("restored_step"), "restored_step", -1), 4);
  auto losses = first.losses();
  for (const auto& [step, loss] : second.losses()) {
    if (losses.contains(step)) {
      EXPECT_EQ(losses.at(step), loss) << step;
    }
    losses[step] = loss;
  }
  EXPECT_EQ(losses, want.losses);
  EXPECT_EQ(second.state_digest(), want.digest);
}

TEST(Rank, ShrinksAndGrowsWithoutADifferentBit) {
  const Undisturbed want = undisturbed(1);
  TinyRun run;
  run.write_config(4);
  ASSERT_THAT(run.run({.ranks = 3}).exit_codes, Each(0));
  run.write_config(8);
  ASSERT_THAT(
      run.run({.ranks = 1, .generation = "1.2", .resume = run.store() + "/checkpoints/step-4-b0-g1.1"})
          .exit_codes,
      Each(0));
  run.write_config(12);
  const auto last =
      run.run({.ranks = 4, .generation = "1.3", .resume = run.store() + "/checkpoints/step-8-b0-g1.2"});
  ASSERT_THAT(last.exit_codes, Each(0));
  EXPECT_EQ(last.state_digest(), want.digest);
}

TEST(Rank, FallsBackWhenTheNewestCheckpointIsDamagedForOneRankOnly) {
  const Undisturbed want = undisturbed(1);
  TinyRun run;
  run.write_config(8);
  ASSERT_THAT(run.run({.ranks = 2}).exit_codes, Each(0));
  run.corrupt("step-8-b0-g1.1", 1);
  run.write_config(12);
  const std::string newest = run.store() + "/checkpoints/step-8-b0-g1.1";
  const auto result = run.run({.ranks = 2, .generation = "1.2", .resume = newest});
  ASSERT_THAT(result.exit_codes, Each(0));
  for (const int rank : {0, 1}) {
    const auto restored = result.line_with("restored_step", rank);
    EXPECT_EQ(json::int_or(restored, "restored_step", -1), 4);
    const auto& rejected = restored.at("rejected").get_array();
    ASSERT_EQ(rejected.size(), 1u);
    EXPECT_EQ(*json::get_string(rejected[0].get_object(), "path"), newest);
    EXPECT_THAT(*json::get_string(rejected[0].get_object(), "reason"), ::testing::StartsWith("rank 1: "));
    EXPECT_EQ(rejected[0].at("damaged"), json::value(true));
  }
  EXPECT_EQ(result.state_digest(), want.digest);
}

TEST(Rank, EndsWithFiveWhenNothingCanBeLoaded) {
  TinyRun run;
  run.write_config(4);
  ASSERT_THAT(run.run({.ranks = 2}).exit_codes, Each(0));
  run.corrupt("step-4-b0-g1.1", 0);
  const auto result =
      run.run({.ranks = 2, .generation = "1.2", .resume = run.store() + "/checkpoints/step-4-b0-g1.1"});
  EXPECT_THAT(result.exit_codes, Each(5));
  EXPECT_EQ(result.error_kind(), "corrupt_checkpoint");
}

TEST(Rank, StopsAllRanksAtTheSameSavedStepWhenOneGetsSigterm) {
  TinyRun run;
  // No end of its own, and no step is saved by itself.
  run.write_config(100'000, "recovery: {step_timeout_floor_ms: 20000}\n", 100'000);
  bool sent = false;
  const auto first = run.run({.ranks = 2, .on_line = [&](const json::object& line, TinyRun::Running& ranks) {
                                if (json::int_or(line, "step", 0) == 5 && !sent) {
                                  sent = true;
                                  ::kill(ranks.pids[1], SIGTERM);
                                }
                              }});
  ASSERT_THAT(first.exit_codes, Each(0));
  const int64_t stopped = first.losses().rbegin()->first;
  EXPECT_GE(stopped, 5);
  EXPECT_EQ(first.losses(1).rbegin()->first, stopped);
  const std::string saved = run.store() + "/checkpoints/step-" + std::to_string(stopped) + "-b0-g1.1";
  ASSERT_TRUE(path_exists(saved + "/manifest.json"));
  run.write_config(stopped + 4);
  const auto second = run.run({.ranks = 2, .generation = "1.2", .resume = saved});
  EXPECT_EQ(second.losses().begin()->first, stopped + 1);
  EXPECT_EQ(second.state_digest(), undisturbed(2, stopped + 4).digest);
}

TEST(Rank, SavesWhenTheAgentSaysSo) {
  TinyRun run;
  // No step is saved by itself.
  run.write_config(100'000, "recovery: {step_timeout_floor_ms: 20000}\n", 100'000);
  int64_t saved = 0;
  const auto result =
      run.run({.ranks = 2, .on_line = [&](const json::object& line, TinyRun::Running& ranks) {
                 if (json::int_or(line, "step", 0) == 5 && json::int_or(line, "rank", -1) == 0)
                   ranks.tell({{"command", "checkpoint"}});
                 const auto* checkpoint = line.if_contains("checkpoint");
                 if (checkpoint == nullptr || saved != 0) return;
                 saved = *json::get_int(checkpoint->get_object(), "step");
                 for (const pid_t pid : ranks.pids) ::kill(pid, SIGTERM);
               }});
  ASSERT_THAT(result.exit_codes, Each(0));
  EXPECT_GE(saved, 5);
  EXPECT_TRUE(
      path_exists(run.store() + "/checkpoints/step-" + std::to_string(saved) + "-b0-g1.1/manifest.json"));
}

TEST(Rank, LeavesWithoutCommittingWhenANewerGenerationHasTakenOver) {
  TinyRun run;
  run.write_config(100'000, "recovery: {step_timeout_floor_ms: 20000}\n", 100'000);
  bool fenced = false;
  const auto result = run.run({.ranks = 2, .on_line = [&](const json::object& line, TinyRun::Running& ranks) {
                                 if (json::int_or(line, "step", 0) != 1 || fenced) return;
                                 fenced = true;
                                 ASSERT_TRUE(make_directories(run.store() + "/generations"));
                                 ASSERT_TRUE(write_file_durably(run.store() + "/generations/2.1", ""));
                                 ranks.tell({{"command", "checkpoint"}});
                               }});
  EXPECT_THAT(result.exit_codes, Each(75));
  EXPECT_EQ(result.error_kind(), "fenced");
  EXPECT_THAT(run.checkpoints(), ElementsAre()) << "nothing was committed, nor left";
}

TEST(Rank, TellsTheDaemonWhenASaveIsOverAndWhenTheLastStateIsReadBack) {
  TinyRun run;
  const auto result = run.run({.ranks = 1});
  ASSERT_THAT(result.exit_codes, Each(0));
  std::vector<std::string> phases;
  for (const json::object& line : result.lines) {
    const std::string phase = json::string_or(line, "phase", "");
    if (!phase.empty() && (phases.empty() || phases.back() != phase)) phases.push_back(phase);
  }
  EXPECT_THAT(phases, ElementsAre("start", "rendezvous", "restore", "train", "checkpoint", "train",
                                  "checkpoint", "train", "checkpoint", "verify", "done"));
  // The line itself, not the next step's: it tells the time of the save from that of the step.
  for (size_t i = 0; i + 1 < result.lines.size(); ++i) {
    if (result.lines[i].contains("checkpoint")) {
      EXPECT_FALSE(result.lines[i + 1].contains("step"));
    }
  }
}

TEST(Rank, WithoutOrdersDoesNotBeginAnewWhenNothingOfWhatWasSavedCanBeUsed) {
  TinyRun run;
  run.write_config(4);
  ASSERT_THAT(run.run({.ranks = 1, .generation = ""}).exit_codes, Each(0));
  std::filesystem::resize_file(run.store() + "/checkpoints/step-4-b0-g0.0/manifest.json", 100);
  const auto result = run.run({.ranks = 2, .generation = ""});
  EXPECT_THAT(result.exit_codes, Each(5));
  EXPECT_EQ(result.error_kind(), "corrupt_checkpoint");
  EXPECT_THAT(run.checkpoints(), ElementsAre("step-4-b0-g0.0"));
}

TEST(Rank, WithoutOrdersTakesAGenerationThatIsNotFencedYet) {
  TinyRun run;
  run.write_config(4);
  ASSERT_TRUE(make_directories(run.store() + "/generations"));
  ASSERT_TRUE(write_file_durably(run.store() + "/generations/3.7", ""));
  EXPECT_THAT(run.run({.ranks = 1, .generation = ""}).exit_codes, Each(0));
  EXPECT_THAT(run.checkpoints(), ElementsAre("step-4-b0-g3.8"));
}

TEST(Rank, EndsWithSeventyFourWhenWhatIsOnTheStoreCannotBeRead) {
  TinyRun run;
  run.write_config(4);
  ASSERT_THAT(run.run({.ranks = 2}).exit_codes, Each(0));
  const std::string saved = run.store() + "/checkpoints/step-4-b0-g1.1";
  std::filesystem::rename(saved + "/rank-00001.safetensors", saved + "/away");
  const auto result = run.run({.ranks = 2, .generation = "1.2", .resume = saved});
  EXPECT_THAT(result.exit_codes, Each(74));
  EXPECT_EQ(result.error_kind(), "store_unavailable");
  const auto rejected = result.line_with("rejected").at("rejected").get_array();
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].at("damaged"), json::value(false));
}

TEST(Rank, RefusesAModelThatNeedsMoreMemoryThanTheMachineHasAndSaysHowMuch) {
  TinyRun run;
  const auto config = config::load(run.path() + "/run.yaml");
  wire::RankLink link;
  RankPorts ports = real_ports();
  ports.memory_bytes = 100'000;
  const auto refused = Rank::create(*config, ports, link);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << "exit code 2";
  EXPECT_THAT(refused.error().message, ::testing::ContainsRegex("needs about [0-9]+ bytes.*has 100000"));
  ports.memory_bytes = int64_t{1} << 40;
  EXPECT_TRUE(Rank::create(*config, ports, link));
}

TEST(Rank, WithoutOrdersTakesTheNextGenerationAndTheNewestCheckpoint) {
  const Undisturbed want = undisturbed(1);
  TinyRun run;
  run.write_config(8);
  ASSERT_THAT(run.run({.ranks = 1, .generation = ""}).exit_codes, Each(0));
  run.corrupt("step-8-b0-g0.0");
  run.write_config(12);
  const auto result = run.run({.ranks = 2, .generation = ""});
  ASSERT_THAT(result.exit_codes, Each(0));
  EXPECT_EQ(result.state_digest(), want.digest);
  EXPECT_THAT(run.checkpoints(),
              ElementsAre("step-12-b0-g0.1", "step-4-b0-g0.0", "step-8-b0-g0.0", "step-8-b0-g0.1"));
}

TEST(Rank, HasNothingToDoAtTheTarget) {
  TinyRun run;
  run.write_config(4);
  const auto first = run.run({.ranks = 2});
  const auto again =
      run.run({.ranks = 2, .generation = "1.2", .resume = run.store() + "/checkpoints/step-4-b0-g1.1"});
  ASSERT_THAT(again.exit_codes, Each(0));
  EXPECT_TRUE(again.losses().empty());
  EXPECT_EQ(again.state_digest(), first.state_digest());
}

TEST(Rank, EndsWithThreeAndReportsItWhenTheLossIsNotANumber) {
  TinyRun run;
  // A rate beyond reason destroys the weights within a few steps.
  run.write_config(50);
  std::string yaml = *read_file(run.path() + "/run.yaml");
  yaml.replace(yaml.find("learning_rate: 0.01,"), 20, "learning_rate: 1e3, ");
  ASSERT_TRUE(write_file_durably(run.path() + "/run.yaml", yaml));
  const auto result = run.run({.ranks = 2});
  ASSERT_THAT(result.exit_codes, Each(3));
  EXPECT_EQ(result.error_kind(), "nonfinite");
}

TEST(Rank, StopsAtOnceWhileItStillWaitsForOthers) {
  TinyRun run;
  // Only one of two ranks is there.
  const auto result = run.run({.ranks = 1,
                               .on_line =
                                   [](const json::object& line, TinyRun::Running& ranks) {
                                     if (json::string_or(line, "phase", "") == "rendezvous")
                                       ::kill(ranks.pids[0], SIGTERM);
                                   },
                               .world_size = 2});
  EXPECT_THAT(result.exit_codes, ElementsAre(0));
}

// What a rank's process does over two generations; it exits with 0 when the last one ended as wanted.
int live_through(const TinyRun& run, int rank, const std::vector<uint16_t>& ports, size_t first_generation,
                 int die_at_step, const std::string& want_digest) {
  const auto config = config::load(run.path() + "/run.yaml");
  wire::RankLink link;
  RankPorts outside = real_ports();
  int polls = 0;
  outside.stop_requested = [&] {
    if (++polls == die_at_step) ::kill(::getpid(), SIGKILL);
    return false;
  };
  auto self = Rank::create(*config, outside, link);
  if (!self) return 1;
  for (size_t g = first_generation; g < ports.size(); ++g) {
    MeshOptions options = test_options(rank, 2, ports[g]);
    options.generation = "1." + std::to_string(g + 1);
    auto mesh = HostMesh::connect(options, outside.clock);
    if (!mesh) return 2;
    const auto world = mesh->world();
    const std::string resume = g == 0 ? "" : run.store() + "/checkpoints/step-4-b0-g1.1";
    const Outcome outcome = (*self)->run_generation(*world, {true, options.generation, 0, resume});
    if (g + 1 < ports.size() && outcome.ending != Ending::kPeerLost) return 3;
    if (g + 1 == ports.size()) {
      return outcome.ending == Ending::kCompleted && outcome.state_digest == want_digest ? 0 : 4;
    }
  }
  return 5;
}

TEST(Rank, GoesOnWithNewPeersInTheSameProcess) {
  const Undisturbed want = undisturbed(2);
  TinyRun run;
  std::vector<uint16_t> ports;
  for (int g = 0; g < 2; ++g) {
    auto probe = listen_at({"127.0.0.1", 0});
    ports.push_back(*port_of(probe->get()));
  }
  Ranks ranks;
  const auto start = [&](int rank, size_t first_generation, int die_at_step) {
    const pid_t pid = ::fork();
    if (pid == 0) std::_Exit(live_through(run, rank, ports, first_generation, die_at_step, want.digest));
    ranks.pids.push_back(pid);
  };
  start(0, 0, -1);
  start(1, 0, 7);
  start(1, 1, -1);  // the replacement
  EXPECT_THAT(ranks.wait(), ElementsAre(0, 128 + SIGKILL, 0));
}

}  // namespace
}  // namespace longhaul::trainer
