#include "trainer/loop/restoring.h"

#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "base/core/log.h"
#include "checkpoint/store/lineage.h"
#include "config/identity.h"
#include "trainer/loop/answer.h"
#include "trainer/loop/checkpointing.h"

namespace longhaul::trainer {
namespace {

// A checkpoint or the store may be well although this was said of it: a bad sector under way to another one,
// a node whose cache of the folder is old.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::kIo || error.code == ErrorCode::kUnavailable ||
         error.code == ErrorCode::kNotFound || error.code == ErrorCode::kNoSpace;
}

template <class Read>
auto patiently(const ReadAgain& again, Read read) {
  using std::chrono::milliseconds;
  auto result = read();
  const auto until = std::chrono::steady_clock::now() + milliseconds(again.for_ms);
  while (!result && may_pass(result.error()) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(again.pause_ms));
    result = read();
  }
  return result;
}

Error store_fails(const Error& error) { return {ErrorCode::kUnavailable, "the store: " + error.message}; }

// What all ranks make of a checkpoint, from the word of each: no error when all could load it.
Result<Answer> verdict(const std::vector<std::string>& answers) {
  Answer agreed;
  std::optional<Error>& worst = agreed.error;
  // The store fails; damage that one rank has seen; one rank could not read it.
  const auto weight = [](const Error& e) {
    return e.code == ErrorCode::kUnavailable ? 2 : e.code == ErrorCode::kCorrupt ? 1 : 0;
  };
  for (const std::string& text : answers) {
    LH_ASSIGN(const Answer own, read_answer(text));
    if (own.error && (!worst || weight(*own.error) > weight(*worst))) worst = own.error;
  }
  return agreed;
}

}  // namespace

Restoring::Restoring(const config::RunConfig& config, const ParameterLayout& layout,
                     const checkpoint::Store& store, ReadAgain again)
    : config_(config), layout_(layout), store_(store), again_(again) {}

Result<std::vector<std::string>> Restoring::candidates(const std::string& resume, int64_t branch) const {
  std::vector<std::string> paths;
  std::optional<checkpoint::CheckpointKey> wanted;
  if (!resume.empty()) {
    paths.push_back(resume);
    const auto key = checkpoint::parse_folder_name(checkpoint::folder_of(resume));
    if (!key) return invalid("not a checkpoint folder: " + resume);
    wanted = *key;
  }
  LH_ASSIGN(const checkpoint::Restorable known, checkpoint::restorable(store_, branch));
  for (const checkpoint::Checkpoint& c : known.checkpoints) {
    if (!wanted || checkpoint::is_newer(*wanted, c.key())) paths.push_back(c.path);
  }
  return paths;
}

// All that a continued run would otherwise take from its configuration without asking.
Result<> Restoring::check_fits(const checkpoint::Manifest& m) const {
  if (m.run != config_.run.name) return invalid(fmt::format("it belongs to the run '{}'", m.run));
  if (m.identity != config::identity(config_)) return invalid("it belongs to another configuration");
  if (m.layout != checkpoint_layout(layout_)) return corrupt("its tensors are not those of this model");
  const auto equal = [](const char* field, auto found, auto wanted) -> Result<> {
    if (found == wanted) return {};
    return corrupt(fmt::format("its {} is {}, that of this run {}", field, found, wanted));
  };
  LH_TRY(equal("samples", m.samples, m.key.step * config_.batch.global));
  LH_TRY(equal("tokens", m.tokens, m.samples * config_.model.sequence_length));
  LH_TRY(equal("cursor.seed", m.cursor.seed, config_.run.seed));
  LH_TRY(equal("cursor.next_sample", m.cursor.next_sample, m.samples));
  LH_TRY(equal("cursor.skipped_samples", m.cursor.skipped_samples, int64_t{0}));
  LH_TRY(equal("topology.micro_batch", m.topology.micro_batch, config_.batch.micro));
  LH_TRY(equal("topology.global_batch", m.topology.global_batch, config_.batch.global));
  return equal("fixed_point_scale_log2", m.fixed_point_scale_log2, checkpoint::kFixedPointScaleLog2);
}

Result<int64_t> Restoring::load(const std::string& path, ShardState& shard) const {
  LH_ASSIGN(const checkpoint::Checkpoint found, store_.load(path));
  LH_TRY(check_fits(found.manifest));
  if (shard.range().size() > 0) {
    const int64_t begin = shard.range().begin;
    LH_TRY(store_.read_range(found, "master", begin, shard.master()));
    LH_TRY(store_.read_range(found, "m", begin, shard.m()));
    LH_TRY(store_.read_range(found, "v", begin, shard.v()));
  }
  return found.manifest.key.step;
}

Error Restoring::judge(int rank, const Error& error) const {
  const std::string reason = fmt::format("rank {}: {}", rank, error.message);
  if (!may_pass(error)) return {ErrorCode::kCorrupt, reason};
  const auto listed = store_.files().list(store_.checkpoints_path());
  if (!listed) return {ErrorCode::kUnavailable, reason + "; and " + listed.error().message};
  return {ErrorCode::kIo, reason};
}

Result<Restored> Restoring::restore(Communicator& world, const std::string& resume, int64_t branch,
                                    ShardState& shard, std::vector<RejectedCheckpoint>& rejected) {
  std::string text;
  if (world.rank() == 0) {
    auto found = patiently(again_, [&] { return candidates(resume, branch); });
    std::string lines;
    if (found) {
      for (const std::string& path : *found) lines += path + "\n";
    }
    text = answer_text(found                     ? Result<std::string>(lines)
                       : may_pass(found.error()) ? store_fails(found.error())
                                                 : found.error());
  }
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(std::string lines, parse_answer(text));
  bool all_damaged = true;
  for (size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string path = lines.substr(begin, end - begin);
    auto step = patiently(again_, [&] { return load(path, shard); });
    const std::string own =
        answer_text(step ? Result<std::string>(std::string()) : judge(world.rank(), step.error()));
    // Gathered and sent back rather than all-reduced: every rank then knows why.
    LH_ASSIGN(const std::vector<std::string> answers, world.gather_text(own, 0));
    if (world.rank() == 0) {
      LH_ASSIGN(const Answer all, verdict(answers));
      text = answer_text(all.error ? Result<std::string>(*all.error) : Result<std::string>(std::string()));
    }
    LH_ASSIGN(text, world.broadcast_text(text, 0));
    LH_ASSIGN(const Answer agreed, read_answer(text));
    if (!agreed.error) return Restored{*step, path};
    // Nothing of the store can be read: that says nothing about any checkpoint.
    if (agreed.error->code == ErrorCode::kUnavailable) return store_fails(*agreed.error);
    const bool damaged = agreed.error->code == ErrorCode::kCorrupt;
    log_warning(fmt::format("cannot {} {}: {}", damaged ? "restore" : "read", path, agreed.error->message));
    rejected.push_back({path, agreed.error->message, damaged});
    all_damaged = all_damaged && damaged;
  }
  if (rejected.empty()) return Error{ErrorCode::kNotFound, "there is no checkpoint"};
  return Error{all_damaged ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
               fmt::format("no checkpoint can be {}; the last one: {}", all_damaged ? "loaded" : "read now",
                           rejected.back().reason)};
}

Result<Restoring::Found> Restoring::look(int64_t branch) const {
  Found found;
  const auto store_or = [](auto result) {
    if (!result && may_pass(result.error())) result = store_fails(result.error());
    return result;
  };
  LH_ASSIGN(const checkpoint::Discovery all, store_or(store_.discover()));
  const auto note = [&found](const std::string& generation) {
    const auto parsed = parse_generation(generation);
    if (!parsed) return;
    if (found.newest_sequence >= 0 && *parsed <= Generation{found.newest_term, found.newest_sequence}) {
      return;
    }
    found.newest_term = parsed->term;
    found.newest_sequence = parsed->sequence;
  };
  for (const checkpoint::Checkpoint& c : all.committed) note(c.key().generation);
  for (const checkpoint::Rejected& r : all.rejected) {
    const auto key = checkpoint::parse_folder_name(checkpoint::folder_of(r.path));
    if (key) note(key->generation);
  }
  // Launched, though it may not have saved yet: its fence is up.
  auto launched = store_.files().list(store_.path() + "/generations");
  if (!launched && launched.error().code != ErrorCode::kNotFound) return store_fails(launched.error());
  if (launched) {
    for (const std::string& name : *launched) note(name);
  }
  LH_ASSIGN(const checkpoint::Restorable known, store_or(checkpoint::restorable(store_, branch)));
  found.restorable = !known.checkpoints.empty();
  for (const checkpoint::Rejected& r : known.skipped) {
    if (r.why == checkpoint::Rejected::Why::kTorn) continue;  // it was never finished
    if (found.unusable.empty()) found.unusable = checkpoint::folder_of(r.path) + ": " + r.reason;
  }
  return found;
}

}  // namespace longhaul::trainer
