// What the two checkpoint benchmarks share: a state, a folder that goes away again, times, a line of output.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/core/check.h"
#include "base/crypto/random.h"
#include "base/posix/file.h"
#include "base/posix/posix_file_system.h"
#include "checkpoint/store/store.h"

namespace longhaul::checkpoint {

inline constexpr int64_t kBenchParameters = int64_t{24} << 20;  // × 3 sections × 4 bytes = 288 MiB
inline constexpr int64_t kBenchBytes = kBenchParameters * 3 * 4;
inline constexpr int kBenchRounds = 5;

// On the disk that TMPDIR names, else /var/tmp (/tmp is often memory).
class BenchFolder {
 public:
  BenchFolder() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent != nullptr ? parent : "/var/tmp") + "/longhaul-bench-" + random_hex(6);
    CHECK(make_directories(path_));
  }
  ~BenchFolder() {
    const Store store(files_, path_);
    if (const auto found = store.discover()) {
      for (const Checkpoint& c : found->committed) static_cast<void>(Store(files_, path_).remove(c.key()));
    }
    for (const char* name : {"/raw", "/checkpoints"}) {
      static_cast<void>(files_.remove_file(path_ + name));
      static_cast<void>(files_.remove_directory(path_ + name));
    }
    static_cast<void>(files_.remove_directory(path_));
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const std::string& path() const { return path_; }
  PosixFileSystem& files() { return files_; }

 private:
  std::string path_;
  PosixFileSystem files_;
};

inline std::vector<float> bench_values() {
  std::vector<float> values(static_cast<size_t>(kBenchParameters));
  uint32_t x = 1;
  for (float& v : values) v = static_cast<float>(x = x * 1664525U + 1013904223U);
  return values;
}

// As one rank saves: everything but the waiting for others.
inline Checkpoint bench_save(Store& store, int64_t step, const std::vector<float>& values) {
  const CheckpointKey key{step, 0, "1.1"};
  CHECK(store.create(key));
  std::vector<ShardFragment> fragments;
  for (const char* section : kSections) fragments.push_back({section, 0, values});
  Manifest manifest{.run = "bench", .identity = "bench", .key = key};
  manifest.layout = {{{"all", {kBenchParameters}, 0, kBenchParameters}}, kBenchParameters};
  manifest.files.push_back(store.write_shard(key, 0, fragments).value());
  return store.commit(manifest).value();
}

template <class F>
double seconds_of(F&& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

// ./tests/bench adds the ratios.
inline void print_measurement(const char* metric, double ours, const char* unit, double limit = 0,
                              const char* limit_name = "") {
  fmt::print(R"({{"metric":"{}","ours":{:.6g},"unit":"{}")", metric, ours, unit);
  if (limit > 0) fmt::print(R"(,"limit":{:.6g},"limit_name":"{}")", limit, limit_name);
  fmt::print("}}\n");
}

}  // namespace longhaul::checkpoint
