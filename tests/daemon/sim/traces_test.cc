#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/sim/spec.h"

namespace longhaul::daemon::sim {
namespace {

TEST(Traces, EveryNameIsThereAndAnUnknownOneIsToldWhichAre) {
  for (const std::string& name : trace_names()) EXPECT_EQ(trace_named(name).value().name, name);
  const auto unknown = trace_named("bloon");
  ASSERT_FALSE(unknown);
  for (const std::string& name : trace_names())
    EXPECT_THAT(unknown.error().message, testing::HasSubstr(name));
}

}  // namespace
}  // namespace longhaul::daemon::sim
