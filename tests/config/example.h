// A small complete run.yaml for tests; with() replaces one line.
#pragma once

#include <string>

#include "base/core/check.h"

namespace longhaul::config {

inline std::string example_yaml() {
  return R"(version: 1
run:
  name: demo
  seed: 7
  target_steps: 200
cluster:
  nodes: 2
  ranks_per_node: 2
model:
  layers: 4
  hidden: 256
  heads: 4
  sequence_length: 256
  vocabulary_size: 256
parallel: {tensor: 1, pipeline: 1, data: 4}
batch:
  micro: 2
  global: 16
data:
  corpora:
    - path: corpus/en
      weight: 2
    - path: corpus/de
optimizer:
  learning_rate: 0.001
  decay_samples: 32000
)";
}

inline std::string with(std::string yaml, const std::string& old_text, const std::string& new_text) {
  const size_t at = yaml.find(old_text);
  CHECK(at != std::string::npos);
  return yaml.replace(at, old_text.size(), new_text);
}

}  // namespace longhaul::config
