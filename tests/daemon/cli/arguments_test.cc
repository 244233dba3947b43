#include "daemon/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Arguments> parse(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_arguments(static_cast<int>(argv.size()), argv.data(), {"json", "watch"},
                         {"run-dir", "reason"});
}

std::string refusal(const std::vector<std::string>& words) {
  const auto a = parse(words);
  if (a) return "";
  EXPECT_EQ(a.error().code, ErrorCode::kInvalid);
  return a.error().message;
}

TEST(Arguments, OptionsAndWordsMayComeInAnyOrder) {
  const auto a = parse({"run.yaml", "--json", "--run-dir", "/r", "more"}).value();
  EXPECT_THAT(a.words, ElementsAre("run.yaml", "more"));
  EXPECT_TRUE(a.has("json"));
  EXPECT_FALSE(a.has("watch"));
  EXPECT_EQ(a.get("run-dir"), "/r");
}

TEST(Arguments, AValueMayFollowAnEqualsSignAndHoldMoreOfThem) {
  EXPECT_EQ(parse({"--reason=a=b --json"}).value().get("reason"), "a=b --json");
  EXPECT_EQ(parse({"--reason="}).value().get("reason", "otherwise"), "");
}

TEST(Arguments, TheWordAfterAnOptionIsItsValueWhateverItLooksLike) {
  const auto a = parse({"--reason", "--json"}).value();
  EXPECT_EQ(a.get("reason"), "--json");
  EXPECT_FALSE(a.has("json"));
}

TEST(Arguments, WhatIsNotGivenIsWhatTheCallerSays) {
  const auto a = parse({}).value();
  EXPECT_EQ(a.get("run-dir", "."), ".");
  EXPECT_EQ(a.get("run-dir"), "");
  EXPECT_TRUE(a.words.empty());
}

TEST(Arguments, WhatIsNotUnderstoodIsRefusedByName) {
  EXPECT_THAT(refusal({"--jsno"}), HasSubstr("'--jsno'"));
  EXPECT_THAT(refusal({"--"}), HasSubstr("'--'"));
  EXPECT_THAT(refusal({"--=x"}), HasSubstr("'--=x'"));
  EXPECT_THAT(refusal({"--json=yes"}), HasSubstr("'--json=yes'"));
  EXPECT_THAT(refusal({"--run-dir"}), HasSubstr("--run-dir needs a value"));
  EXPECT_THAT(refusal({"--json", "--json"}), HasSubstr("--json is given twice"));
  EXPECT_THAT(refusal({"--reason=a", "--reason", "b"}), HasSubstr("--reason is given twice"));
}

}  // namespace
}  // namespace longhaul::daemon
