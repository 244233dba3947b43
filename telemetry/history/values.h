// Doubles in SQLite, NaN and infinities included (a column `v` and a flag `nf` beside it).
// Thread-safe (no state).
#pragma once

#include <cstdint>

#include "base/sqlite/database.h"

namespace longhaul::telemetry {

void bind_value(sqlite::Statement& statement, int v_index, int nf_index, double value);
double read_value(const sqlite::Statement& row, int v_column, int nf_column);

// Equal as bits, except that all NaNs are one.
bool same_value(double a, double b);
// The f32 bits of a loss; NaN is 0x7fc00000.
uint32_t loss_bits(double loss);

}  // namespace longhaul::telemetry
