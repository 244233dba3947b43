#include "config/identity.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/config/example.h"

namespace longhaul::config {
namespace {

std::string identity_with(const std::string& old_text, const std::string& new_text) {
  return identity(parse(with(example_yaml(), old_text, new_text), "run.yaml", "/a").value());
}

TEST(Identity, ChangesWithWhatTheLossDependsOn) {
  const std::string same = identity_with("seed: 7", "seed: 7");
  EXPECT_NE(identity_with("seed: 7", "seed: 8"), same);
  EXPECT_NE(identity_with("layers: 4", "layers: 5"), same);
  EXPECT_NE(identity_with("weight: 2", "weight: 3"), same);
  EXPECT_NE(identity_with("0.001", "0.002"), same);
}

TEST(Identity, IgnoresWhatMayChangeOnResume) {
  const std::string same = identity_with("seed: 7", "seed: 7");
  EXPECT_EQ(identity_with("target_steps: 200", "target_steps: 900"), same);
  EXPECT_EQ(identity_with("nodes: 2\n  ranks_per_node: 2", "nodes: 4\n  ranks_per_node: 1"), same);
  EXPECT_EQ(identity_with("corpus/en", "/elsewhere/en"), same);
}

}  // namespace
}  // namespace longhaul::config
