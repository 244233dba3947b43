// Measures one trainer rank on one thread beside the arithmetic peak of this CPU: the share of the peak that
// the matrix product reaches alone, and that whole steps of training reach.
// Prints one JSON object a line as ./tests/bench wants it; `run` adds PyTorch's figures.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/core/check.h"
#include "base/posix/system_clock.h"
#include "tests/benchmarks/trainer/peak.h"
#include "trainer/comm/host_mesh.h"
#include "trainer/data/indexed_dataset_writer.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/loop/train_step.h"
#include "trainer/model/initialize.h"
#include "trainer/shape/cost.h"

namespace longhaul::trainer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The matrix products of one block at the bench's shape, best of several runs each; FLOP/s over their sum.
double gemm_flops_per_second(const config::Model& model, int64_t tokens) {
  const Kernels& kernels = fastest_kernels();
  const int64_t h = model.hidden;
  const FlushSubnormals flush;
  std::vector<Bf16> a(tokens * 4 * h, to_bf16(0.5f)), b(tokens * 4 * h, to_bf16(0.25f)), out(tokens * 4 * h);
  std::vector<float> wide(4 * h * h);
  double flops = 0, seconds = 0;
  for (const auto& [inputs, outputs] : {std::pair{h, 3 * h}, {h, h}, {h, 4 * h}, {4 * h, h}}) {
    const Gemm forward = {.m = tokens,
                          .n = outputs,
                          .k = inputs,
                          .a = a.data(),
                          .a_stride = inputs,
                          .b = b.data(),
                          .b_stride = inputs,
                          .b_transposed = true,
                          .out_bf16 = out.data(),
                          .out_stride = outputs};
    const Gemm input = {.m = tokens,
                        .n = inputs,
                        .k = outputs,
                        .a = a.data(),
                        .a_stride = outputs,
                        .b = b.data(),
                        .b_stride = inputs,
                        .out_bf16 = out.data(),
                        .out_stride = inputs};
    const Gemm weight = {.m = outputs,
                         .n = inputs,
                         .k = tokens,
                         .a = a.data(),
                         .a_stride = outputs,
                         .a_transposed = true,
                         .b = b.data(),
                         .b_stride = inputs,
                         .out_f32 = wide.data(),
                         .out_stride = inputs};
    for (const Gemm& gemm : {forward, input, weight}) {
      std::vector<std::byte> workspace(kernels.gemm_workspace_bytes(gemm.m, gemm.n, gemm.k) + 64);
      std::byte* aligned = workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64);
      double best = 1e30;
      for (int i = 0; i < 7; ++i) {
        const auto start = Clock::now();
        kernels.gemm(gemm, aligned);
        best = std::min(best, seconds_since(start));
      }
      const double work =
          2.0 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k);
      fmt::print(stderr, "gemm m={} n={} k={}: {:.1f} GFLOP/s\n", gemm.m, gemm.n, gemm.k, work / best / 1e9);
      flops += work;
      seconds += best;
    }
  }
  return flops / seconds;
}

// A text that has every token of the vocabulary in it; which does not matter for the time.
void write_corpus(const std::string& prefix, int64_t vocabulary) {
  auto writer = data::IndexedDatasetWriter::create(prefix, data::TokenType::kUint16);
  CHECK(writer.has_value());
  std::vector<int32_t> document(1 << 20);
  uint32_t noise = 1;
  for (int32_t& token : document) {
    noise = noise * 1664525u + 1013904223u;
    token = static_cast<int32_t>((noise >> 8) % static_cast<uint32_t>(vocabulary));
  }
  CHECK(writer->add_document(document).has_value() && writer->finish().has_value());
}

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

// Best of `steps` whole steps of a run with one rank, in seconds: samples read from the corpus, forward,
// backward, sums in fixed point, norm, clipping, AdamW into the other buffer.
double step_seconds(const config::Model& shape, int64_t batch, int steps) {
  char folder[] = "/tmp/longhaul-bench-XXXXXX";
  CHECK(::mkdtemp(folder) != nullptr);
  config::RunConfig config;
  config.model = shape;
  config.batch = {batch, batch};
  config.data.corpora = {{std::string(folder) + "/corpus", 1.0}};
  config.optimizer.learning_rate = 1e-4;
  config.optimizer.min_learning_rate = 1e-4;
  config.optimizer.decay_samples = 1'000'000;
  write_corpus(config.data.corpora[0].path, shape.vocabulary_size);
  auto source = data::BatchSource::open(config.data, shape.sequence_length, shape.vocabulary_size, 1);
  Model model(shape, batch);
  auto arenas = TrainStep::make_arenas(model.layout());
  const SystemClock clock;
  auto mesh = HostMesh::connect({}, clock);
  CHECK(source.has_value() && arenas.has_value() && mesh.has_value());
  const auto world = mesh->world();
  TrainStep step(config, model, *source, fastest_kernels(), now_us, std::move(*arenas));
  ShardState shard({0, model.layout().padded_size()});
  initialize(model.layout(), shape, 42, shard.range(), shard.master().data());
  CHECK(step.meet(*world).has_value() && step.gather_weights(*world, shard).has_value());
  double best = 1e30;
  for (int number = 1; number <= steps; ++number) {
    const auto result = step.run(
        number, []() -> Result<uint64_t> { return 0; }, *world, shard);
    CHECK(result.has_value() && result->finite);
    best = std::min(best, result->step_ms / 1000);
    fmt::print(stderr, "step {}: loss {:.4f}, {:.3f} s\n", number, result->loss, result->step_ms / 1000);
  }
  std::filesystem::remove_all(folder);
  return best;
}

std::string number_or_null(double value) { return value > 0 ? fmt::format("{:.6g}", value) : "null"; }

// peer, limit: 0 is unknown.
void print_line(const char* metric, const char* unit, double ours, double peer, double limit,
                const char* limit_name) {
  fmt::print(
      R"({{"bench":"trainer","metric":"{}","unit":"{}","ours":{:.6g},"peer":{},"peer_name":{},"limit":{},)"
      R"("limit_name":{}}})"
      "\n",
      metric, unit, ours, number_or_null(peer), peer > 0 ? "\"PyTorch bf16, 1 thread\"" : "null",
      number_or_null(limit), limit > 0 ? fmt::format("\"{}\"", limit_name) : "null");
}

struct Options {
  int steps = 6;
  double peer_tokens_per_second = 0;
  double peer_gemm_flops = 0;
  bool demo = false;  // the shape of ./deploy/demo instead: to look at, not to compare
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const double value = std::atof(argv[i + 1]);
    if (name == "--steps") options.steps = static_cast<int>(value);
    if (name == "--peer-tokens-per-second") options.peer_tokens_per_second = value;
    if (name == "--demo") options.demo = value != 0;
    if (name == "--peer-gemm-flops") options.peer_gemm_flops = value;
  }
  return options;
}

}  // namespace
}  // namespace longhaul::trainer

int main(int argc, char** argv) {
  using namespace longhaul::trainer;
  const Options options = parse(argc, argv);
  const longhaul::config::Model compared{
      .layers = 6, .hidden = 384, .heads = 6, .sequence_length = 256, .vocabulary_size = 4096};
  const longhaul::config::Model demo{
      .layers = 4, .hidden = 256, .heads = 4, .sequence_length = 256, .vocabulary_size = 256};
  const longhaul::config::Model& shape = options.demo ? demo : compared;
  const int64_t batch = options.demo ? 2 : 8;
  const double tokens = static_cast<double>(batch * shape.sequence_length);
  double peak = peak_bf16_flops_per_second();
  const double gemm = gemm_flops_per_second(shape, batch * shape.sequence_length);
  const double seconds = step_seconds(shape, batch, options.steps);
  // Before and after: on a busy machine one of them may be low, and a share above 1 would be nonsense.
  peak = std::max(peak, peak_bf16_flops_per_second());
  fmt::print(stderr, "kernels: {}; measured bf16 peak of one thread: {:.1f} GFLOP/s\n",
             fastest_kernels().name, peak / 1e9);
  // What this CPU could do at most: all FLOPs of the model at the peak.
  const double limit = peak / model_flops(shape, batch) * tokens;
  print_line("tokens_per_second", "1/s", tokens / seconds, options.peer_tokens_per_second, limit,
             "model FLOPs at the measured bf16 peak");
  if (peak <= 0) return 0;
  const double peer_seconds =
      options.peer_tokens_per_second > 0 ? tokens / options.peer_tokens_per_second : 0;
  print_line("step_mfu", "ratio", model_flops(shape, batch) / seconds / peak,
             peer_seconds > 0 ? model_flops(shape, batch) / peer_seconds / peak : 0, 1, "measured bf16 peak");
  print_line("step_hfu", "ratio", hardware_flops(shape, batch) / seconds / peak, 0, 1, "measured bf16 peak");
  print_line("gemm_mfu", "ratio", gemm / peak, options.peer_gemm_flops / peak, 1, "measured bf16 peak");
  return 0;
}
