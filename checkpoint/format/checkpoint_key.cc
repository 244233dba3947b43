#include "checkpoint/format/checkpoint_key.h"

#include <charconv>
#include <tuple>

#include <fmt/format.h>

#include "base/core/check.h"
#include "base/core/generation.h"

namespace longhaul::checkpoint {
namespace {

// Takes a decimal number without sign or leading zeros off the front of `text`.
bool take_number(std::string_view& text, int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '-') return false;
  const auto length = static_cast<size_t>(end - text.data());
  if (length > 1 && text.front() == '0') return false;
  text.remove_prefix(length);
  return true;
}

bool take(std::string_view& text, std::string_view literal) {
  if (text.substr(0, literal.size()) != literal) return false;
  text.remove_prefix(literal.size());
  return true;
}

}  // namespace

Result<std::string> folder_name(const CheckpointKey& key) {
  if (key.step < 0 || key.branch < 0) {
    return invalid(
        fmt::format("a checkpoint at step {} on branch {}: neither may be negative", key.step, key.branch));
  }
  LH_TRY(parse_generation(key.generation));
  return fmt::format("step-{}-b{}-g{}", key.step, key.branch, key.generation);
}

Result<CheckpointKey> parse_folder_name(std::string_view name) {
  CheckpointKey key;
  std::string_view rest = name;
  if (take(rest, "step-") && take_number(rest, key.step) && take(rest, "-b") &&
      take_number(rest, key.branch) && take(rest, "-g") && parse_generation(rest)) {
    key.generation = std::string(rest);
    return key;
  }
  return invalid(fmt::format("'{}' is not the name of a checkpoint folder; one is step-120-b0-g3.1", name));
}

std::string folder_of(std::string_view path) { return std::string(path.substr(path.find_last_of('/') + 1)); }

bool is_newer(const CheckpointKey& a, const CheckpointKey& b) {
  const auto generation_a = parse_generation(a.generation);
  const auto generation_b = parse_generation(b.generation);
  CHECK(generation_a && generation_b);
  return std::tie(a.step, *generation_a, a.branch) > std::tie(b.step, *generation_b, b.branch);
}

}  // namespace longhaul::checkpoint
