// The two halves of the benchmark. Not thread-safe.
#pragma once

namespace longhaul::trainer {

// All-reduce (reduce-scatter, then all-gather) of 16 MB of int64 by 4 processes, milliseconds, median.
struct AllReduceTimes {
  double shared_memory_ms = 0;
  double sockets_ms = 0;
};
AllReduceTimes measure_all_reduce();

// Tokens per second of whole training steps (demo shape) on `ranks` processes.
double tokens_per_second(int ranks);

}  // namespace longhaul::trainer
