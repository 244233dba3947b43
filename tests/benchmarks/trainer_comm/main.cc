// What parallel training costs on one machine: the all-reduce alone, and whole steps on two ranks beside one.
// One JSON object a line; ./tests/bench adds the ratios.
#include <algorithm>

#include <fmt/format.h>

#include "tests/benchmarks/trainer_comm/measurements.h"

int main() {
  using namespace longhaul::trainer;
  const AllReduceTimes times = measure_all_reduce();
  fmt::print(R"({{"metric":"allreduce_16mb","ours":{:.4g},"unit":"ms","peer":{:.4g},"peer_name":"{}"}})"
             "\n",
             times.shared_memory_ms, times.sockets_ms, "the same over Unix sockets");
  // In turns, because other programs disturb; the best of each.
  double one = 0, two = 0;
  for (int round = 0; round < 3; ++round) {
    one = std::max(one, tokens_per_second(1));
    two = std::max(two, tokens_per_second(2));
    fmt::print(stderr, "round {}: best so far {:.0f} tokens/s on one rank, {:.0f} on two\n", round, one, two);
  }
  fmt::print(
      R"({{"metric":"scaling_2_ranks","ours":{:.4g},"unit":"ratio","limit":2,"limit_name":"two cores"}})"
      "\n",
      two / one);
}
