// The sizes that every part of the network needs, in the letters of the shape comments.
#pragma once

#include <cstdint>

#include "config/run_config.h"

namespace longhaul::trainer {

struct Dimensions {
  int64_t batch, sequence, hidden, heads, vocabulary, layers;
  int64_t head_size;  // hidden / heads
  int64_t tokens;     // N = batch * sequence

  static Dimensions of(const config::Model& model, int64_t micro_batch) {
    return {micro_batch,
            model.sequence_length,
            model.hidden,
            model.heads,
            model.vocabulary_size,
            model.layers,
            model.hidden / model.heads,
            micro_batch * model.sequence_length};
  }
};

}  // namespace longhaul::trainer
