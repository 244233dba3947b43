#include "trainer/loop/rank.h"

#include <algorithm>
#include <new>

#include <fmt/format.h>

#include "base/core/generation.h"
#include "base/core/log.h"
#include "trainer/loop/answer.h"
#include "trainer/loop/step_deadline.h"
#include "trainer/loop/step_report.h"
#include "trainer/model/initialize.h"
#include "trainer/shape/cost.h"
#include "trainer/shape/validate.h"

namespace longhaul::trainer {

// One set of peers and the state that is cut for it.
struct Rank::Generation {
  Communicator& world;
  Lineage lineage;
  ShardState shard;
  StepDeadline deadline;
  int64_t step = 0;
  std::string saved_path;  // of the newest state of this generation that is on the store; empty: none
};

int exit_code_of(Ending ending) {
  switch (ending) {
    case Ending::kCompleted:
    case Ending::kStopped:
      return 0;
    case Ending::kConfig:
      return 2;
    case Ending::kNonfinite:
    case Ending::kFailed:
      return 3;
    case Ending::kNoCheckpoint:
      return 5;
    case Ending::kStoreLost:
      return 74;
    case Ending::kPeerLost:
    case Ending::kAgentLost:
    case Ending::kFenced:
      return 75;
  }
  return 3;
}

std::string error_kind_of(Ending ending) {
  switch (ending) {
    case Ending::kCompleted:
    case Ending::kStopped:
      return "";
    case Ending::kPeerLost:
      return "peer_lost";
    case Ending::kStoreLost:
      return "store_unavailable";
    case Ending::kAgentLost:
      return "agent_lost";
    case Ending::kFenced:
      return "fenced";
    case Ending::kNonfinite:
      return "nonfinite";
    case Ending::kNoCheckpoint:
      return "corrupt_checkpoint";
    case Ending::kConfig:
      return "config";
    case Ending::kFailed:
      return "failed";
  }
  return "failed";
}

Rank::Rank(const config::RunConfig& config, const RankPorts& ports, wire::RankLink& link, Model model,
           data::BatchSource source, TrainStep::Arenas arenas)
    : config_(config),
      ports_(ports),
      link_(link),
      model_(std::move(model)),
      source_(std::move(source)),
      store_(ports.files, config.paths.store),
      step_(config_, model_, source_, fastest_kernels(), ports.now_us, std::move(arenas)) {}

Result<std::unique_ptr<Rank>> Rank::create(const config::RunConfig& config, const RankPorts& ports,
                                           wire::RankLink& link) {
  LH_TRY(validate_run(config));
  const auto needed_bytes = memory_estimate(config.model, config.batch.micro, config.parallel.data).total();
  const std::string needed = fmt::format(
      "a rank of this model needs about {} bytes of memory (model, batch.micro and parallel.data decide)",
      needed_bytes);
  if (ports.memory_bytes > 0 && needed_bytes > ports.memory_bytes)
    return invalid(fmt::format("{}; this machine has {}", needed, ports.memory_bytes));
  LH_ASSIGN(data::BatchSource source, data::BatchSource::open(config.data, config.model.sequence_length,
                                                              config.model.vocabulary_size, config.run.seed));
  try {
    Model model(config.model, config.batch.micro);
    LH_ASSIGN(TrainStep::Arenas arenas, TrainStep::make_arenas(model.layout()));
    return std::unique_ptr<Rank>(
        new Rank(config, ports, link, std::move(model), std::move(source), std::move(arenas)));
  } catch (const std::bad_alloc&) {
    return invalid(needed + "; there is not so much");
  }
}

Outcome Rank::run_generation(Communicator& world, const Orders& orders) {
  last_step_ = 0;
  try {
    auto outcome = run(world, orders);
    return outcome ? *outcome : explain(std::move(outcome).error());
  } catch (const std::bad_alloc&) {  // the state of this rank's slice, most likely
    return Outcome{last_step_ == 0 ? Ending::kConfig : Ending::kFailed, last_step_, "", "out of memory"};
  }
}

Outcome Rank::explain(Error error) const {
  Outcome outcome{Ending::kFailed, last_step_, "", std::move(error.message)};
  switch (error.code) {
    case ErrorCode::kUnavailable:
      outcome.ending = Ending::kStoreLost;
      break;
    case ErrorCode::kClosed:
    case ErrorCode::kTimeout:
      outcome.ending = link_.supervised() && link_.fd() < 0 ? Ending::kAgentLost : Ending::kPeerLost;
      break;
    case ErrorCode::kDenied:
      outcome.ending = Ending::kFenced;
      break;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      break;
  }
  return outcome;
}

Result<Outcome> Rank::run(Communicator& world, const Orders& orders) {
  Orders settled = orders;
  // Disks are slower than peers: until training starts, wait as long as a start may take.
  world.set_timeout_ms(config_.recovery.start_timeout_ms);
  const auto without_state = [](Error error) -> Result<Outcome> {
    if (error.code != ErrorCode::kNotFound) return error;
    return Outcome{Ending::kNoCheckpoint, 0, "", std::move(error.message)};
  };
  if (auto told = settle_orders(world, settled); !told) return without_state(std::move(told).error());
  LH_TRY(step_.meet(world));
  Generation generation{
      world,
      {settled.generation, settled.branch, ""},
      ShardState(model_.layout().shard_range(world.rank(), world.size())),
      StepDeadline(config_.recovery.start_timeout_ms, config_.recovery.step_timeout_floor_ms),
      0,
      ""};
  if (auto started = start_state(generation, settled); !started)
    return without_state(std::move(started).error());
  last_step_ = generation.step;
  LH_TRY(link_.send(phase_line("train")));
  return train(generation);
}

Result<> Rank::settle_orders(Communicator& world, Orders& orders) {
  if (orders.directed) return {};
  std::string text;
  if (world.rank() == 0) {
    auto found = Restoring(config_, model_.layout(), store_).look(orders.branch);
    if (!found) {
      text = answer_text(std::move(found).error());
    } else if (!found->restorable && !found->unusable.empty()) {
      text = answer_text(
          Error{ErrorCode::kNotFound, "of what was saved nothing can be restored: " + found->unusable});
    } else {
      text = answer_text(fmt::format("{}{}.{}", found->restorable ? '+' : '-', found->newest_term,
                                     found->newest_sequence + 1));
    }
  }
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(text, parse_answer(text));
  const bool restorable = text.starts_with('+');
  if (!restorable && !text.starts_with('-')) return corrupt("rank 0 found '" + text + "'");
  orders.generation = text.substr(1);
  if (!parse_generation(orders.generation)) return corrupt("rank 0 found '" + text + "'");
  orders.directed = !restorable;  // nothing there: start at step 0, as an empty `resume` says
  return {};
}

Result<> Rank::start_state(Generation& generation, const Orders& orders) {
  LH_TRY(link_.send(phase_line("restore")));
  json::object line = phase_line("restore");
  json::array rejections;
  if (orders.directed && orders.resume.empty()) {
    initialize(model_.layout(), config_.model, config_.run.seed, generation.shard.range(),
               generation.shard.master().data());
  } else {
    std::vector<RejectedCheckpoint> rejected;
    auto restored = Restoring(config_, model_.layout(), store_)
                        .restore(generation.world, orders.resume, orders.branch, generation.shard, rejected);
    for (const RejectedCheckpoint& r : rejected) {
      rejections.push_back(json::object{{"path", r.path}, {"reason", r.reason}, {"damaged", r.damaged}});
    }
    if (!restored) {
      line["rejected"] = std::move(rejections);
      LH_TRY(link_.send(line));
      return std::move(restored).error();
    }
    generation.step = restored->step;
    generation.saved_path = restored->path;
    generation.lineage.parent = checkpoint::folder_of(restored->path);
  }
  LH_TRY(step_.gather_weights(generation.world, generation.shard));
  line["restored_step"] = generation.step;
  line["path"] = generation.saved_path;
  line["rejected"] = std::move(rejections);
  log_info(fmt::format("starts at step {} {}", generation.step, generation.saved_path));
  return link_.send(line);
}

Result<uint64_t> Rank::poll_control() {
  uint64_t bits = 0;
  if (ports_.stop_requested()) bits |= kControlStop;
  LH_ASSIGN(const std::vector<json::object> commands, link_.poll());
  for (const json::object& command : commands) {
    const std::string name = json::string_or(command, "command", "");
    if (name == "checkpoint") {
      bits |= kControlCheckpoint;
    } else {
      log_warning("unknown command from the agent: " + json::to_text(command));
    }
  }
  return bits;
}

Result<Outcome> Rank::train(Generation& generation) {
  while (generation.step < config_.run.target_steps) {
    generation.world.set_timeout_ms(generation.deadline.limit_ms());
    LH_ASSIGN(const StepResult result, step_.run(
                                           generation.step + 1, [this] { return poll_control(); },
                                           generation.world, generation.shard));
    LH_TRY(link_.send(step_line(config_, result)));
    if (!result.finite) {
      return Outcome{
          Ending::kNonfinite, generation.step, "",
          fmt::format(
              "step {}: loss {}, gradient norm {}{}", result.step, result.loss, result.gradient_norm,
              (result.control & kControlNonfinite) != 0 ? ", a gradient is not finite or too large" : "")};
    }
    generation.deadline.observe(result.step_ms);
    last_step_ = generation.step = result.step;
    const bool stop = (result.control & kControlStop) != 0;
    const bool last = generation.step == config_.run.target_steps;
    if (stop || last || (result.control & kControlCheckpoint) != 0 ||
        generation.step % config_.checkpoint.every_steps == 0) {
      LH_ASSIGN(const bool saved, save(generation));
      if (!saved && (stop || last)) {
        return Outcome{Ending::kFailed, generation.step, "", "the last checkpoint could not be saved"};
      }
      if (!stop && !last) LH_TRY(link_.send(phase_line("train")));
    }
    if (stop && !last) return Outcome{Ending::kStopped, generation.step, "", ""};
  }
  return complete(generation);
}

Result<bool> Rank::save(Generation& generation) {
  LH_TRY(link_.send(phase_line("checkpoint")));
  generation.world.set_timeout_ms(slow_timeout_ms(generation));
  LH_ASSIGN(const SaveAnswer answer,
            Checkpointing(config_, model_.layout(), store_, ports_.now_us)
                .save(generation.world, generation.shard, generation.step, generation.lineage));
  if (!answer.saved) {
    if (answer.error.code == ErrorCode::kDenied) return answer.error;
    // A full disk is no reason to stop training: the older checkpoint is still there.
    log_error(fmt::format("checkpoint of step {} failed: {}", generation.step, answer.error.message));
    if (generation.world.rank() == 0) {
      LH_TRY(link_.send({{"checkpoint_failed",
                          json::object{{"step", generation.step}, {"message", answer.error.message}}}}));
    }
    return false;
  }
  const Saved& saved = *answer.saved;
  generation.saved_path = saved.path;
  if (generation.world.rank() == 0) {
    LH_TRY(link_.send({{"checkpoint", json::object{{"step", saved.step},
                                                   {"path", saved.path},
                                                   {"size_bytes", saved.size_bytes},
                                                   {"duration_ms", saved.duration_ms},
                                                   {"stall_ms", saved.duration_ms}}}}));
  }
  return true;
}

// Of the committed files, as rank 0 reads them and checks each block, not of what is in the ranks' memory.
Result<Outcome> Rank::complete(Generation& generation) {
  LH_TRY(link_.send(phase_line("verify")));
  generation.world.set_timeout_ms(slow_timeout_ms(generation));
  std::string text;
  if (generation.world.rank() == 0) text = answer_text(saved_digest(generation.saved_path));
  LH_ASSIGN(text, generation.world.broadcast_text(text, 0));
  LH_ASSIGN(const std::string digest, parse_answer(text));
  return Outcome{Ending::kCompleted, generation.step, digest, ""};
}

Result<std::string> Rank::saved_digest(const std::string& path) const {
  const auto read = [&]() -> Result<std::string> {
    LH_ASSIGN(const checkpoint::Checkpoint committed, store_.load(path));
    return store_.state_digest(committed);
  };
  auto digest = read();
  if (!digest && (digest.error().code == ErrorCode::kIo || digest.error().code == ErrorCode::kNotFound))
    return Error{ErrorCode::kUnavailable, "the store: " + digest.error().message};
  return digest;
}

// The store takes the time it takes; the daemon waits as long.
int64_t Rank::slow_timeout_ms(const Generation& generation) const {
  return std::max(10 * config_.recovery.step_timeout_floor_ms, generation.deadline.limit_ms());
}

}  // namespace longhaul::trainer
