// Measures one trainer rank on one thread beside the arithmetic peak of this CPU: the share of the peak that
// the matrix product reaches alone, and that whole steps (forward, backward, AdamW) reach.
// Prints one JSON object a line as ./tests/bench wants it; `run` adds PyTorch's figures.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/benchmarks/trainer/peak.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/model/initialize.h"
#include "trainer/model/model.h"
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

// Best of `steps` whole steps, in seconds.
double step_seconds(const config::Model& shape, int64_t batch, int steps) {
  const Kernels& kernels = fastest_kernels();
  Model model(shape, batch);
  const FlushSubnormals flush;
  const int64_t size = model.layout().padded_size();
  std::vector<float> master(size), m(size), v(size), grads(size);
  std::vector<Bf16> weights(size);
  initialize(model.layout(), shape, 42, {0, size}, master.data());
  kernels.round_to_bf16(master.data(), weights.data(), size);
  std::vector<int32_t> tokens(model.tokens()), targets(model.tokens());
  for (int64_t i = 0; i < model.tokens(); ++i) {
    tokens[i] = static_cast<int32_t>((i * 7919 + i / 3) % shape.vocabulary_size);
    targets[i] = static_cast<int32_t>((i * 104729 + i / 7) % shape.vocabulary_size);
  }
  std::vector<double> losses(batch);
  double best = 1e30;
  for (int step = 1; step <= steps; ++step) {
    const auto start = Clock::now();
    const float loss =
        model.forward_backward(weights.data(), tokens.data(), targets.data(), grads.data(), losses.data());
    const double gradients = seconds_since(start);
    for (const DecaySpan& span : model.layout().decay_spans({0, size})) {
      const int64_t at = span.range.begin;
      kernels.adamw({.learning_rate = 1e-4f,
                     .weight_decay = span.weight_decay ? 0.1f : 0.0f,
                     .m_correction = adamw_correction(0.9, step),
                     .v_correction = adamw_correction(0.95, step)},
                    {span.range.size(), &grads[at], &master[at], &m[at], &v[at], &master[at], &m[at], &v[at],
                     &weights[at]});
    }
    const double all = seconds_since(start);
    best = std::min(best, all);
    fmt::print(stderr, "step {}: loss {:.4f}, {:.3f} s, of it AdamW {:.3f} s\n", step, loss, all,
               all - gradients);
  }
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
