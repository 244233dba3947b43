// How fast one rank saves 288 MiB durably, beside plain writes and an fsync of as many bytes on the same
// disk in turn. The trainer waits for the whole save, so the stall is its whole time.
#include "checkpoint/format/digest.h"
#include "tests/support/checkpoint_bench.h"

namespace longhaul::checkpoint {
namespace {

void write_plainly(PosixFileSystem& files, const std::string& path, const std::vector<float>& values) {
  const auto file = files.create(path).value();
  constexpr size_t kPiece = 8 << 20;
  int64_t offset = 0;
  for (int section = 0; section < 3; ++section) {
    for (auto rest = std::as_bytes(std::span(values)); !rest.empty();
         rest = rest.subspan(std::min(kPiece, rest.size()))) {
      const auto piece = rest.first(std::min(kPiece, rest.size()));
      CHECK(file->write_at(offset, piece));
      offset += static_cast<int64_t>(piece.size());
    }
  }
  CHECK(file->sync());
}

// As often as the writer does: blocks of the file, and fragments.
void digest_only(const std::vector<float>& values) {
  BlockDigests blocks(kBlockSizeBytes);
  for (int section = 0; section < 3; ++section) {
    static_cast<void>(xxh3_hex(std::as_bytes(std::span(values))));
    blocks.update(std::as_bytes(std::span(values)));
  }
  static_cast<void>(blocks.finish());
}

void run() {
  BenchFolder folder;
  Store store(folder.files(), folder.path());
  const std::vector<float> values = bench_values();
  std::vector<double> saves, writes, digests;
  for (int64_t round = 0; round < kBenchRounds; ++round) {
    const std::string raw = folder.path() + "/raw";
    writes.push_back(seconds_of([&] { write_plainly(folder.files(), raw, values); }));
    CHECK(folder.files().remove_file(raw));
    saves.push_back(seconds_of([&] { bench_save(store, round, values); }));
    CHECK(store.remove({round, 0, "1.1"}));
    digests.push_back(seconds_of([&] { digest_only(values); }));
    fmt::print(stderr, "round {}: save {:.3f} s, plain {:.3f} s, digests {:.3f} s\n", round, saves.back(),
               writes.back(), digests.back());
  }
  const auto bytes = static_cast<double>(kBenchBytes);
  print_measurement("throughput", bytes / median(saves), "B/s", bytes / median(writes),
                    "8 MiB writes and fsync of as many bytes");
  print_measurement("stall", median(saves) * 1e3, "ms");
  print_measurement("digest_overhead", median(digests) / median(saves), "ratio");
}

}  // namespace
}  // namespace longhaul::checkpoint

int main() { longhaul::checkpoint::run(); }
