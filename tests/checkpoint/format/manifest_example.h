// A small, right manifest for the tests to break. Not thread-safe, need not be.
#pragma once

#include "checkpoint/format/manifest.h"

namespace longhaul::checkpoint {

inline Manifest example_manifest() {
  const std::string digest(32, 'a');
  Manifest m;
  m.run = "demo";
  m.identity = "1f2e";
  m.key = {120, 1, "3.1"};
  m.parent = "step-110-b1-g2.1";
  m.samples = 1920;
  m.tokens = 491'520;
  m.cursor = {UINT64_MAX, 1984, 64};
  m.topology = {1, 1, 2, 2, 16};
  m.layout = {{{"word \"embeddings\"", {3, 5}, 0, 15}, {"ln_f.bias", {7}, 16, 7}}, 24};
  // Rank 0 holds [0, 12), rank 1 [12, 24) of each section; 4096 bytes of header.
  for (int64_t rank = 0; rank < 2; ++rank) {
    ShardEntry file{
        "rank-0000" + std::to_string(rank) + ".safetensors", 4096 + 3 * 48, 4096, {digest, digest}, {}};
    int64_t offset = 4096;
    for (const char* section : kSections) {
      file.fragments.push_back({section, rank * 12, rank * 12 + 12, offset, digest});
      offset += 48;
    }
    m.files.push_back(std::move(file));
  }
  return m;
}

}  // namespace longhaul::checkpoint
