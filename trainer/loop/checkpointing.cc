#include "trainer/loop/checkpointing.h"

#include <charconv>

#include <fmt/format.h>

#include "base/core/log.h"
#include "config/identity.h"
#include "trainer/kernels/kernels.h"
#include "trainer/loop/answer.h"

namespace longhaul::trainer {

// Gradients are summed at the scale that the manifest says.
static_assert(kFixedPointScaleBits == checkpoint::kFixedPointScaleLog2);

namespace {

Result<int64_t> whole_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 0)
    return corrupt("rank 0 says that a checkpoint has '" + text + "' bytes");
  return number;
}

}  // namespace

checkpoint::Layout checkpoint_layout(const ParameterLayout& layout) {
  checkpoint::Layout copy;
  for (const ParameterTensor& t : layout.tensors())
    copy.tensors.push_back({t.name, t.shape, t.offset, t.size});
  copy.flat_size = layout.padded_size();
  return copy;
}

Checkpointing::Checkpointing(const config::RunConfig& config, const ParameterLayout& layout,
                             checkpoint::Store& store, std::function<int64_t()> now_us)
    : config_(config), layout_(layout), store_(store), now_us_(std::move(now_us)) {}

Result<checkpoint::ShardEntry> Checkpointing::write_own(const checkpoint::CheckpointKey& key, int rank,
                                                        const ShardState& shard) {
  std::vector<checkpoint::ShardFragment> fragments;
  if (shard.range().size() > 0) {  // more ranks than blocks: nothing to bring, but a file all the same
    fragments = {{"master", shard.range().begin, shard.master()},
                 {"m", shard.range().begin, shard.m()},
                 {"v", shard.range().begin, shard.v()}};
  }
  return store_.write_shard(key, rank, fragments);
}

Result<Saved> Checkpointing::commit(const std::vector<std::string>& answers,
                                    const checkpoint::CheckpointKey& key, int dp, const Lineage& lineage) {
  checkpoint::Manifest manifest;
  for (size_t rank = 0; rank < answers.size(); ++rank) {
    auto text = parse_answer(answers[rank]);
    if (!text) return std::move(text).error().with_context(fmt::format("rank {}", rank));
    LH_ASSIGN(checkpoint::ShardEntry entry, checkpoint::parse_shard_entry(*text));
    manifest.files.push_back(std::move(entry));
  }
  manifest.run = config_.run.name;
  manifest.identity = config::identity(config_);
  manifest.key = key;
  manifest.parent = lineage.parent;
  manifest.samples = key.step * config_.batch.global;
  manifest.tokens = manifest.samples * config_.model.sequence_length;
  manifest.cursor = {config_.run.seed, manifest.samples, 0};
  manifest.topology = {1, 1, dp, config_.batch.micro, config_.batch.global};
  manifest.layout = checkpoint_layout(layout_);
  LH_ASSIGN(const checkpoint::Checkpoint committed, store_.commit(manifest));
  return Saved{committed.path, key.step, committed.manifest.size_bytes(), 0};
}

Result<SaveAnswer> Checkpointing::save(Communicator& world, const ShardState& shard, int64_t step,
                                       const Lineage& lineage) {
  const int64_t start_us = now_us_();
  const checkpoint::CheckpointKey key{step, lineage.branch, lineage.generation};
  const bool first = world.rank() == 0;
  std::string text;
  if (first) text = answer_text(store_.create(key));
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(const Answer created, read_answer(text));
  if (created.error) return SaveAnswer{std::nullopt, *created.error};

  auto entry = write_own(key, world.rank(), shard);
  if (!entry) log_error("checkpoint: " + entry.error().message);
  const std::string own =
      entry ? answer_text(checkpoint::shard_entry_to_text(*entry)) : answer_text(std::move(entry).error());
  LH_ASSIGN(const std::vector<std::string> answers, world.gather_text(own, 0));
  if (first) {
    auto saved = commit(answers, key, world.size(), lineage);
    if (!saved) {
      // All ranks have answered: none is writing any more.
      if (auto gone = store_.discard(key); !gone) log_error("checkpoint: " + gone.error().message);
      text = answer_text(std::move(saved).error());
    } else {
      text = answer_text(std::to_string(saved->size_bytes));
    }
  }
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(const Answer committed, read_answer(text));
  if (committed.error) return SaveAnswer{std::nullopt, *committed.error};
  LH_ASSIGN(const int64_t size_bytes, whole_number(committed.value));
  const double duration_ms = static_cast<double>(now_us_() - start_us) / 1000.0;
  return SaveAnswer{Saved{created.value, step, size_bytes, duration_ms}, {}};
}

}  // namespace longhaul::trainer
