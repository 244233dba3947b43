#include "daemon/runtime/recorder/reports.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/runtime/recorder/random_json.h"

namespace longhaul::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Report read(const std::string& text, int64_t highest_step = 0) {
  return read_report("node-1", wire::SpoolEntry{7, 1000, json::parse_object(text).value()}, highest_step);
}

template <class E>
E fact(const Report& r) {
  EXPECT_TRUE(r.fact && std::holds_alternative<E>(*r.fact));
  return r.fact && std::holds_alternative<E>(*r.fact) ? std::get<E>(*r.fact) : E{};
}

TEST(Reports, AStepCarriesEveryMeasurementThatIsKeptBitForBitAndNoOther) {
  const Report r = read(
      R"({"rank":1,"generation":"3.1","step":121,"phase":"train","loss":2.4600000381469727,"grad_norm":1,
          "learning_rate":0.001,"tokens":495616,"samples":1936,"step_ms":12.5,"compute_ms":10,
          "communication_ms":2,"data_ms":0.5,"tokens_per_second":4096,"model_flops":1e12,"mood":3})");
  EXPECT_EQ(r.generation, (Generation{3, 1}));
  EXPECT_EQ(r.rank, 1);
  EXPECT_EQ(r.phase, "train");
  EXPECT_FALSE(r.fact);
  EXPECT_THAT(r.remarks, IsEmpty());
  ASSERT_TRUE(r.step);
  EXPECT_EQ(r.step->step, 121);
  EXPECT_EQ(r.step->wall_ms, 1000);
  EXPECT_EQ(r.step->tokens, 495616);
  EXPECT_THAT(
      r.step->values,
      ElementsAre(Pair("loss", 2.4600000381469727), Pair("grad_norm", 1.0), Pair("learning_rate", 0.001),
                  Pair("tokens_per_second", 4096.0), Pair("step_ms", 12.5), Pair("compute_ms", 10.0),
                  Pair("communication_ms", 2.0), Pair("data_ms", 0.5), Pair("model_flops", 1e12)));
}

TEST(Reports, ALossThatWasNotFiniteIsWhatItsWordSaysAndNotUnknown) {
  const auto loss = [](const char* word) {
    const Report r =
        read(std::string(R"({"generation":"3.1","step":5,"loss":null,"loss_nonfinite":")") + word + R"("})");
    return r.step.value().values.at(0).second;
  };
  EXPECT_TRUE(std::isnan(loss("nan")));
  EXPECT_EQ(loss("inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(loss("-inf"), -std::numeric_limits<double>::infinity());
}

TEST(Reports, ALossThatIsNullWithoutAWordOrNoNumberIsUnknown) {
  EXPECT_THAT(read(R"({"generation":"3.1","step":5,"loss":null})").step.value().values, IsEmpty());
  EXPECT_THAT(read(R"({"generation":"3.1","step":5,"loss":"2.4"})").step.value().values, IsEmpty());
  EXPECT_THAT(read(R"({"generation":"3.1","step":5})").step.value().values, IsEmpty());
  EXPECT_THAT(read(R"({"generation":"3.1","step":5,"loss":1,"loss_nonfinite":"nan"})").step.value().values,
              ElementsAre(Pair("loss", 1.0)));
}

TEST(Reports, OnlyTrainingStepsAreMeasurementsAndTheFirstIsStepOne) {
  EXPECT_TRUE(read(R"({"generation":"3.1","step":1})").step) << "a foreign trainer may leave the phase out";
  EXPECT_FALSE(read(R"({"generation":"3.1","step":0})").step);
  EXPECT_FALSE(read(R"({"generation":"3.1","step":9,"phase":"checkpoint"})").step);
  EXPECT_FALSE(read(R"({"generation":"3.1","step":9,"phase":"done"})").step);
  EXPECT_FALSE(read(R"({"generation":"3.1","phase":"train"})").step);
}

TEST(Reports, AnExitIsTheAgentsFirstHandWordWithTheNodeAndTheHighestStep) {
  const Report r = read(R"({"exit":{"rank":2,"generation":"3.4","pid":99,"exit_code":-1,"signal":9,
                            "asked":false,"last_stderr":"killed"}})",
                        120);
  const auto e = fact<RankExited>(r);
  EXPECT_EQ(e.generation, (Generation{3, 4}));
  EXPECT_EQ(e.rank, 2);
  EXPECT_EQ(e.node, "node-1");
  EXPECT_EQ(e.exit_code, -1);
  EXPECT_EQ(e.signal, 9);
  EXPECT_FALSE(e.asked);
  EXPECT_EQ(e.highest_step, 120);
  EXPECT_EQ(e.last_stderr, "killed");
  EXPECT_EQ(r.rank, 2);
  EXPECT_FALSE(r.step);
}

TEST(Reports, AnExitThatCannotBeReadIsARemarkAndNoDeath) {
  const Report r = read(R"({"exit":{"rank":"two"}})");
  EXPECT_FALSE(r.fact);
  EXPECT_THAT(r.remarks, ElementsAre(HasSubstr("rank")));
}

TEST(Reports, ARestoreNamesWhatWasLoadedAndEveryCheckpointThatWasNot) {
  const auto e = fact<RanksRestored>(read(
      R"({"rank":0,"generation":"3.1","phase":"restore","restored_step":100,"path":"/c/step-100",
          "rejected":[{"path":"/c/step-120","reason":"block 3"},7,{"path":"/c/step-110"}]})",
      125));
  EXPECT_EQ(e.generation, (Generation{3, 1}));
  EXPECT_EQ(e.step, 100);
  EXPECT_EQ(e.highest_step, 125);
  EXPECT_EQ(e.path, "/c/step-100");
  EXPECT_THAT(e.rejected, ElementsAre("/c/step-120", "/c/step-110"));
  EXPECT_THAT(e.reasons, ElementsAre("block 3", ""));
  EXPECT_EQ(fact<RanksRestored>(read(R"({"generation":"3.1","phase":"restore","restored_step":0})")).step, 0);
}

TEST(Reports, ARejectedCheckpointIsDamagedUnlessTheRankSaysThatItIsNot) {
  const auto e = fact<RanksRestored>(read(
      R"({"generation":"3.1","phase":"restore","restored_step":10,
          "rejected":[{"path":"/c/4","damaged":false},{"path":"/c/3","damaged":true},{"path":"/c/2"},
                      {"path":"/c/1","damaged":"no"}]})"));
  EXPECT_EQ(e.rejected.size(), 4U);
  EXPECT_THAT(e.unreadable, ElementsAre("/c/4"));
}

TEST(Reports, EnteringThePhaseRestoreIsNotYetARestore) {
  const Report r = read(R"({"rank":0,"generation":"3.1","phase":"restore"})");
  EXPECT_EQ(r.phase, "restore");
  EXPECT_FALSE(r.fact);
  EXPECT_THAT(r.remarks, IsEmpty());
}

TEST(Reports, ACheckpointIsWhatRankZeroSaysOfItsCommit) {
  const auto e = fact<CheckpointSaved>(read(
      R"({"rank":0,"generation":"3.1","checkpoint":{"step":120,"path":"/c/step-120","size_bytes":5000,
          "duration_ms":70,"stall_ms":3}})"));
  EXPECT_EQ(e.generation, (Generation{3, 1}));
  EXPECT_EQ(e.step, 120);
  EXPECT_EQ(e.path, "/c/step-120");
  EXPECT_EQ(e.size_bytes, 5000);
  EXPECT_EQ(e.duration_ms, 70);
  EXPECT_EQ(e.stall_ms, 3);
}

TEST(Reports, ADurationMayHaveFractions) {
  const Report r = read(
      R"({"generation":"3.1","checkpoint":{"step":5,"path":"/c","duration_ms":70.25,"stall_ms":0.125}})");
  EXPECT_EQ(fact<CheckpointSaved>(r).duration_ms, 71);
  EXPECT_EQ(fact<CheckpointSaved>(r).stall_ms, 1);
  EXPECT_THAT(r.remarks, IsEmpty());
  const Report wrong = read(R"({"generation":"3.1","checkpoint":{"step":5,"path":"/c","stall_ms":-0.5}})");
  EXPECT_THAT(wrong.remarks, ElementsAre(HasSubstr("'stall_ms'")));
}

TEST(Reports, ACheckpointWithoutAStepOrAPathIsNone) {
  for (const char* nonsense : {R"({"step":120})", R"({"path":"/c/x"})", R"({"step":"120","path":"/c/x"})",
                               R"({"step":-1,"path":"/c/x"})", "{}"}) {
    const Report r = read(std::string(R"({"generation":"3.1","checkpoint":)") + nonsense + "}");
    EXPECT_FALSE(r.fact) << nonsense;
    EXPECT_THAT(r.remarks, testing::Not(IsEmpty())) << nonsense;
  }
}

TEST(Reports, ACheckpointThatFailedIsToldWithItsReason) {
  const auto e = fact<CheckpointFailed>(read(
      R"({"rank":0,"generation":"3.1","checkpoint_failed":{"step":120,"message":"No space left on device"}})"));
  EXPECT_EQ(e.generation, (Generation{3, 1}));
  EXPECT_EQ(e.step, 120);
  EXPECT_EQ(e.message, "No space left on device");
  const Report without_step = read(R"({"generation":"3.1","checkpoint_failed":{"message":"?"}})");
  EXPECT_FALSE(without_step.fact);
  EXPECT_THAT(without_step.remarks, ElementsAre(HasSubstr("needs a step")));
}

TEST(Reports, AnErrorIsARanksOwnWordBeforeItExits) {
  const auto e = fact<RankFailed>(
      read(R"({"rank":3,"generation":"3.1","error":{"kind":"nonfinite","message":"loss is NaN"}})"));
  EXPECT_EQ(e.rank, 3);
  EXPECT_EQ(e.kind, "nonfinite");
  EXPECT_EQ(e.message, "loss is NaN");
  EXPECT_EQ(fact<RankFailed>(read(R"({"generation":"3.1","error":{}})")).kind, "unknown");
}

TEST(Reports, DoneCarriesTheDigestOfTheFinalState) {
  const Report r =
      read(R"({"rank":0,"generation":"3.1","phase":"done","step":200,"state_digest":"0123456789abcdef"})");
  const auto e = fact<RankDone>(r);
  EXPECT_EQ(e.rank, 0);
  EXPECT_EQ(e.step, 200);
  EXPECT_EQ(e.state_digest, "0123456789abcdef");
  EXPECT_FALSE(r.step) << "the step was reported before";
}

TEST(Reports, WithoutAGenerationAMeasurementStillCountsAndIsRemarkedOn) {
  for (const char* text : {R"({"step":5,"loss":1})", R"({"step":5,"loss":1,"generation":"3"})",
                           R"({"step":5,"loss":1,"generation":31})"}) {
    const Report r = read(text);
    EXPECT_TRUE(r.generation.is_none()) << text;
    EXPECT_TRUE(r.step) << text;
    EXPECT_THAT(r.remarks, ElementsAre(HasSubstr("no generation"))) << text;
  }
}

TEST(Reports, NumbersBeyondAllSenseAreRemarksAndCountAsNotSaid) {
  const Report rank = read(R"({"generation":"3.1","rank":4294967296,"phase":"done","step":5})");
  EXPECT_EQ(rank.rank, -1) << "and not rank 0, which 2^32 is when cut to 32 bits";
  EXPECT_THAT(rank.remarks, ElementsAre(HasSubstr("'rank'")));

  const Report step = read(R"({"generation":"3.1","step":9223372036854775807,"loss":1})");
  EXPECT_FALSE(step.step);
  EXPECT_THAT(step.remarks, ElementsAre(HasSubstr("'step'")));

  const Report tokens = read(R"({"generation":"3.1","step":5,"tokens":-4})");
  EXPECT_EQ(tokens.step.value().tokens, 0);
  EXPECT_THAT(tokens.remarks, ElementsAre(HasSubstr("'tokens'")));

  const Report stall = read(R"({"generation":"3.1","checkpoint":{"step":5,"path":"/c","stall_ms":-9}})");
  EXPECT_EQ(fact<CheckpointSaved>(stall).stall_ms, 0);
  EXPECT_THAT(stall.remarks, ElementsAre(HasSubstr("'stall_ms'")));
}

TEST(Reports, WhateverObjectARankSendsIsReadAndWhatComesOutIsInRange) {
  RandomJson random(20240607);
  int steps = 0, facts = 0;
  for (int i = 0; i < 30'000; ++i) {
    const wire::SpoolEntry entry{i, i, random.object()};
    const Report r = read_report("node-0", entry, 10);
    const std::string text = json::to_text(entry.report);
    ASSERT_GE(r.rank, -1) << text;
    ASSERT_GE(r.generation.term, 0) << text;
    if (r.step) {
      ++steps;
      ASSERT_GE(r.step->step, 1) << text;
      ASSERT_LE(r.step->step, int64_t{1} << 50) << text;
      ASSERT_GE(r.step->tokens, 0) << text;
    }
    if (r.fact) ++facts;
  }
  EXPECT_GT(steps, 200);  // the generator reaches what it is to test
  EXPECT_GT(facts, 200);
}

}  // namespace
}  // namespace longhaul::daemon
