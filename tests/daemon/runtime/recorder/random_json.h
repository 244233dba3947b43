// JSON objects as a careless or malicious rank might send them: the protocol's own field names, with values
// of every type and at the edges of every range. The same seed gives the same objects.
#pragma once

#include <limits>
#include <random>
#include <string>

#include "base/json/json.h"

namespace longhaul::daemon {

class RandomJson {
 public:
  explicit RandomJson(uint32_t seed) : random_(seed) {}

  json::object object(int depth = 3) {
    json::object o;
    for (uint32_t n = pick(12); n > 0; --n) o[name()] = any(depth);
    return o;
  }

 private:
  uint32_t pick(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  std::string name() {
    static constexpr const char* kNames[] = {
        "step",       "loss",          "loss_nonfinite", "grad_norm",   "tokens",        "rank",
        "generation", "phase",         "exit",           "checkpoint",  "error",         "path",
        "size_bytes", "stall_ms",      "kind",           "message",     "rejected",      "reason",
        "pid",        "exit_code",     "duration_ms",    "asked",       "signal",        "last_stderr",
        "step_ms",    "restored_step", "state_digest",   "model_flops", "learning_rate", "",
        "x"};
    return kNames[pick(std::size(kNames))];
  }

  json::value number() {
    constexpr int64_t kEdges[] = {0,
                                  1,
                                  -1,
                                  121,
                                  1LL << 31,
                                  1LL << 32,
                                  (1LL << 50) + 1,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};
    constexpr double kDoubles[] = {0.5, -0.0, 1e308, -1e308, 5e-324, 2.46, 1e19};
    if (pick(3) == 0) return kDoubles[pick(std::size(kDoubles))];
    if (pick(9) == 0) return std::numeric_limits<uint64_t>::max();
    return kEdges[pick(std::size(kEdges))];
  }

  json::value word() {
    static constexpr const char* kWords[] = {"",
                                             "train",
                                             "restore",
                                             "done",
                                             "checkpoint",
                                             "start",
                                             "3.1",
                                             "-1.2",
                                             "9223372036854775808.1",
                                             "1.1x",
                                             "nan",
                                             "inf",
                                             "-inf",
                                             "/store/checkpoints/step-1-b0-g1.1",
                                             "\xc3\xa4",
                                             "../../x"};
    return json::value(kWords[pick(std::size(kWords))]);
  }

  json::value any(int depth) {
    switch (pick(depth > 0 ? 7 : 4)) {
      case 0:
      case 1:
        return number();
      case 2:
        return word();
      case 3:
        return pick(2) == 0 ? json::value(nullptr) : json::value(pick(2) == 0);
      case 4: {
        json::array list;
        for (uint32_t n = pick(4); n > 0; --n) list.push_back(any(depth - 1));
        return list;
      }
      default:
        return object(depth - 1);
    }
  }

  std::mt19937 random_;
};

}  // namespace longhaul::daemon
