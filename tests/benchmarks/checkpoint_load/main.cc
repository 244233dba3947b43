// How fast one rank reads back and verifies 288 MiB that are not in the page cache, beside plain reads of the
// same file.
#include <fcntl.h>
#include <unistd.h>

#include "base/posix/unique_fd.h"
#include "checkpoint/format/digest.h"
#include "checkpoint/store/shard_writer.h"
#include "tests/support/checkpoint_bench.h"

namespace longhaul::checkpoint {
namespace {

// Works for clean pages; the save has synced them.
void forget_pages(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(fd && ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
}

void read_plainly(PosixFileSystem& files, const std::string& path, std::vector<std::byte>& buffer) {
  const auto file = files.open(path).value();
  for (int64_t offset = 0;;) {
    const int64_t n = file->read_at(offset, buffer).value();
    if (n == 0) return;
    offset += n;
  }
}

void run() {
  BenchFolder folder;
  Store store(folder.files(), folder.path());
  std::vector<float> values = bench_values();
  const Checkpoint saved = bench_save(store, 1, values);
  const std::string shard = saved.path + "/" + shard_file_name(0);
  std::vector<std::byte> buffer(8 << 20);
  std::vector<double> loads, reads, digests;
  for (int round = 0; round < kBenchRounds; ++round) {
    forget_pages(shard);
    reads.push_back(seconds_of([&] { read_plainly(folder.files(), shard, buffer); }));
    forget_pages(shard);
    loads.push_back(seconds_of([&] {
      for (const char* section : kSections) CHECK(store.read_range(saved, section, 0, values));
    }));
    digests.push_back(seconds_of([&] {
      for (int section = 0; section < 3; ++section)
        static_cast<void>(xxh3_hex(std::as_bytes(std::span(values))));
    }));
    fmt::print(stderr, "round {}: load {:.3f} s, plain {:.3f} s, digests {:.3f} s\n", round, loads.back(),
               reads.back(), digests.back());
  }
  const auto bytes = static_cast<double>(kBenchBytes);
  print_measurement("throughput", bytes / median(loads), "B/s", bytes / median(reads),
                    "8 MiB reads of the same file");
  print_measurement("digest_overhead", median(digests) / median(loads), "ratio");
}

}  // namespace
}  // namespace longhaul::checkpoint

int main() { longhaul::checkpoint::run(); }
