#include "trainer/loop/restoring.h"

#include <optional>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "base/core/log.h"
#include "checkpoint/store/lineage.h"
#include "config/identity.h"
#include "trainer/loop/answer.h"
#include "trainer/loop/checkpointing.h"

namespace longhaul::trainer {
namespace {

constexpr const char* kUnreadable = "cannot be read now: ";

}  // namespace

Restoring::Restoring(const config::RunConfig& config, const ParameterLayout& layout,
                     const checkpoint::Store& store)
    : config_(config), layout_(layout), store_(store) {}

Result<std::vector<std::string>> Restoring::candidates(const std::string& resume, int64_t branch) const {
  std::vector<std::string> paths;
  std::optional<checkpoint::CheckpointKey> wanted;
  if (!resume.empty()) {
    paths.push_back(resume);
    const auto key = checkpoint::parse_folder_name(resume.substr(resume.find_last_of('/') + 1));
    if (!key) return invalid("not a checkpoint folder: " + resume);
    wanted = *key;
  }
  LH_ASSIGN(const checkpoint::Restorable known, checkpoint::restorable(store_, branch));
  for (const checkpoint::Checkpoint& c : known.checkpoints) {
    if (!wanted || checkpoint::is_newer(*wanted, c.key())) paths.push_back(c.path);
  }
  return paths;
}

Result<int64_t> Restoring::load(const std::string& path, ShardState& shard) const {
  LH_ASSIGN(const checkpoint::Checkpoint found, store_.load(path));
  const checkpoint::Manifest& manifest = found.manifest;
  if (manifest.run != config_.run.name)
    return invalid(fmt::format("it belongs to the run '{}'", manifest.run));
  if (manifest.identity != config::identity(config_)) return invalid("it belongs to another configuration");
  if (manifest.layout != checkpoint_layout(layout_))
    return corrupt("its tensors are not those of this model");
  if (manifest.samples != manifest.key.step * config_.batch.global) {
    return corrupt(fmt::format("{} samples after step {}", manifest.samples, manifest.key.step));
  }
  if (shard.range().size() > 0) {
    const int64_t begin = shard.range().begin;
    LH_TRY(store_.read_range(found, "master", begin, shard.master()));
    LH_TRY(store_.read_range(found, "m", begin, shard.m()));
    LH_TRY(store_.read_range(found, "v", begin, shard.v()));
  }
  return manifest.key.step;
}

Result<Restored> Restoring::restore(Communicator& world, const std::string& resume, int64_t branch,
                                    ShardState& shard, std::vector<RejectedCheckpoint>& rejected) {
  std::vector<std::string> paths;
  std::string text;
  if (world.rank() == 0) {
    auto found = candidates(resume, branch);
    std::string lines;
    if (found) {
      for (const std::string& path : *found) lines += path + "\n";
    }
    text = found ? answer_text(lines) : answer_text(std::move(found).error());
  }
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(std::string lines, parse_answer(text));
  for (size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string path = lines.substr(begin, end - begin);
    auto step = load(path, shard);
    const bool unreadable =
        !step && (step.error().code == ErrorCode::kIo || step.error().code == ErrorCode::kUnavailable);
    const std::string own = step ? ""
                                 : fmt::format("{}rank {}: {}", unreadable ? kUnreadable : "", world.rank(),
                                               step.error().message);
    // Gathered and sent back rather than all-reduced: every rank then knows why.
    LH_ASSIGN(const std::vector<std::string> answers, world.gather_text(own, 0));
    std::string reason;
    for (const std::string& answer : answers) {
      if (reason.empty() || answer.starts_with(kUnreadable)) reason = answer.empty() ? reason : answer;
    }
    LH_ASSIGN(reason, world.broadcast_text(reason, 0));
    if (reason.empty()) return Restored{*step, path};
    // A store that fails for a moment says nothing about the bytes: nothing is rejected, the launch is
    // given up and the next one tries again.
    if (reason.starts_with(kUnreadable)) return Error{ErrorCode::kUnavailable, path + ": " + reason};
    log_warning(fmt::format("cannot restore {}: {}", path, reason));
    rejected.push_back({path, reason});
  }
  return Error{ErrorCode::kNotFound,
               rejected.empty() ? "there is no checkpoint"
                                : "no checkpoint can be loaded; the last one: " + rejected.back().reason};
}

Result<Restoring::Found> Restoring::look(int64_t branch) const {
  Found found;
  LH_ASSIGN(const checkpoint::Discovery all, store_.discover());
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
    const auto key = checkpoint::parse_folder_name(r.path.substr(r.path.find_last_of('/') + 1));
    if (key) note(key->generation);
  }
  LH_ASSIGN(const checkpoint::Restorable known, checkpoint::restorable(store_, branch));
  found.restorable = !known.checkpoints.empty();
  return found;
}

}  // namespace longhaul::trainer
