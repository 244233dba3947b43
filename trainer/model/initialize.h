// The first value of every parameter: a pure function of (seed, tensor index, element), so any rank of any
// topology makes exactly the elements that it owns.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>

#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

// BLOOM's sigma at hidden 14336 is 0.0048 = sqrt(1 / (3 * 14336)), rounded; the same rule at any width.
double initial_sigma(int64_t hidden);

// Writes the elements of `range` of the arena to master[0 .. range.size()). `layers` scales what writes into
// the residual stream: sigma / sqrt(2 * layers).
void initialize(const ParameterLayout& layout, const config::Model& model, uint64_t seed, Range range,
                float* master);

}  // namespace longhaul::trainer
