#include "trainer/loop/environment.h"

#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "checkpoint/format/checkpoint_key.h"

namespace longhaul::trainer {
namespace {

using Get = std::function<const char*(const char*)>;

std::string text_or(const Get& get, const char* name, const std::string& otherwise) {
  const char* value = get(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

Result<int64_t> number_or(const Get& get, const char* name, int64_t otherwise, int64_t least, int64_t most) {
  const std::string text = text_or(get, name, "");
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return invalid(
        fmt::format("{} is '{}'; it must be a whole number from {} to {}", name, text, least, most));
  }
  return number;
}

}  // namespace

Result<RankEnvironment> read_environment(const Get& get) {
  constexpr int64_t kMaxRanks = 1 << 20;
  RankEnvironment environment;
  LH_ASSIGN(const int64_t world_size, number_or(get, "WORLD_SIZE", 1, 1, kMaxRanks));
  LH_ASSIGN(const int64_t rank, number_or(get, "RANK", 0, 0, world_size - 1));
  LH_ASSIGN(const int64_t port, number_or(get, "MASTER_PORT", 0, 0, 65535));
  LH_ASSIGN(const int64_t fd, number_or(get, "LONGHAUL_MASTER_FD", -1, 0, 1 << 20));
  LH_ASSIGN(environment.branch, number_or(get, "LONGHAUL_BRANCH", 0, 0, INT64_MAX));
  environment.world_size = static_cast<int>(world_size);
  environment.rank = static_cast<int>(rank);
  environment.master_port = static_cast<uint16_t>(port);
  environment.master_fd = static_cast<int>(fd);
  environment.master_host = text_or(get, "MASTER_ADDR", environment.master_host);
  environment.agent_socket = text_or(get, "LONGHAUL_SOCKET", "");
  environment.run_directory = text_or(get, "LONGHAUL_RUN_DIR", "");
  environment.resume = text_or(get, "LONGHAUL_RESUME", "");
  const std::string generation = text_or(get, "LONGHAUL_GENERATION", "");
  if (!generation.empty()) {
    LH_TRY(parse_generation(generation));
    environment.directed = true;
    environment.generation = generation;
  }
  if (world_size > 1 && port == 0) return invalid("MASTER_PORT is missing; more than one rank needs it");
  return environment;
}

}  // namespace longhaul::trainer
