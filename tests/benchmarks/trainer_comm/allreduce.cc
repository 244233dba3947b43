#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/benchmarks/trainer_comm/measurements.h"
#include "tests/benchmarks/trainer_comm/ranks.h"

namespace longhaul::trainer {
namespace {

constexpr int kRanks = 4;
constexpr int64_t kWords = 2'000'000;  // 16 MB
constexpr int kRounds = 41;

double median_ms(const std::function<void()>& round) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    round();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double all_reduce_ms(bool shared_memory) {
  return run_bench_ranks(kRanks, [shared_memory](HostMesh& mesh) {
    const auto world = mesh.world();
    auto arena = SharedArena::create(kWords * 8);
    CHECK(arena.has_value());
    if (shared_memory) CHECK(world->share(*arena).has_value());
    std::vector<int64_t> cuts, byte_cuts;
    for (int r = 0; r <= kRanks; ++r) {
      cuts.push_back(kWords / kRanks * r);
      byte_cuts.push_back(cuts.back() * 8);
    }
    return median_ms([&] {
      CHECK(world->reduce_scatter_sum(arena->as<int64_t>(), cuts).has_value());
      CHECK(world->all_gather(arena->bytes(), byte_cuts).has_value());
    });
  });
}

}  // namespace

AllReduceTimes measure_all_reduce() { return {all_reduce_ms(true), all_reduce_ms(false)}; }

}  // namespace longhaul::trainer
