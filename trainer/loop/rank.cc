#include "trainer/loop/rank.h"

#include <fmt/format.h>

#include "base/core/log.h"
#include "trainer/loop/answer.h"
#include "trainer/loop/step_report.h"
#include "trainer/model/initialize.h"
#include "trainer/shape/validate.h"

namespace longhaul::trainer {

// One set of peers and the state that is cut for it.
struct Rank::Generation {
  Communicator& world;
  Lineage lineage;
  ShardState shard;
  int64_t step = 0;
  int64_t saved_step = -1;  // the step whose state is on the store; -1: none
  std::string saved_path;
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
  LH_TRY(validate_topology(config.model, config.parallel, config.batch));
  LH_ASSIGN(data::BatchSource source, data::BatchSource::open(config.data, config.model.sequence_length,
                                                              config.model.vocabulary_size, config.run.seed));
  Model model(config.model, config.batch.micro);
  LH_ASSIGN(TrainStep::Arenas arenas, TrainStep::make_arenas(model.layout()));
  return std::unique_ptr<Rank>(
      new Rank(config, ports, link, std::move(model), std::move(source), std::move(arenas)));
}

Outcome Rank::run_generation(Communicator& world, const Orders& orders) {
  last_step_ = 0;
  auto outcome = run(world, orders);
  return outcome ? *outcome : explain(std::move(outcome).error());
}

Outcome Rank::explain(Error error) const {
  Outcome outcome{Ending::kFailed, last_step_, "", std::move(error.message)};
  switch (error.code) {
    case ErrorCode::kClosed:
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable:  // the store, for now: the next launch tries again
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
  LH_TRY(settle_orders(world, settled));
  LH_TRY(step_.meet(world));
  Generation generation{world,
                        {settled.generation, settled.branch, ""},
                        ShardState(model_.layout().shard_range(world.rank(), world.size())),
                        0,
                        -1,
                        ""};
  auto started = start_state(generation, settled);
  if (!started) {
    if (started.error().code != ErrorCode::kNotFound) return std::move(started).error();
    return Outcome{Ending::kNoCheckpoint, 0, "", started.error().message};
  }
  last_step_ = generation.step;
  LH_TRY(link_.send(phase_line("train")));
  return train(generation);
}

Result<> Rank::settle_orders(Communicator& world, Orders& orders) {
  if (orders.directed) return {};
  std::string text;
  if (world.rank() == 0) {
    auto found = Restoring(config_, model_.layout(), store_).look(orders.branch);
    text = found ? answer_text(fmt::format("{}{}.{}", found->restorable ? '+' : '-', found->newest_term,
                                           found->newest_sequence + 1))
                 : answer_text(std::move(found).error());
  }
  LH_ASSIGN(text, world.broadcast_text(text, 0));
  LH_ASSIGN(const std::string found, parse_answer(text));
  orders.generation = found.substr(1);
  orders.directed = found[0] == '-';  // nothing there: start at step 0, as an empty `resume` says
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
      rejections.push_back(json::object{{"path", r.path}, {"reason", r.reason}});
    }
    if (!restored) {
      line["rejected"] = std::move(rejections);
      LH_TRY(link_.send(line));
      return std::move(restored).error();
    }
    generation.step = generation.saved_step = restored->step;
    generation.saved_path = restored->path;
    generation.lineage.parent = restored->path.substr(restored->path.find_last_of('/') + 1);
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
  generation.world.set_timeout_ms(config_.recovery.step_timeout_floor_ms);
  while (generation.step < config_.run.target_steps) {
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
    last_step_ = generation.step = result.step;
    const bool stop = (result.control & kControlStop) != 0;
    const bool last = generation.step == config_.run.target_steps;
    if (stop || last || (result.control & kControlCheckpoint) != 0 ||
        generation.step % config_.checkpoint.every_steps == 0) {
      LH_ASSIGN(const bool saved, save(generation));
      if (!saved && (stop || last)) {
        return Outcome{Ending::kFailed, generation.step, "", "the last checkpoint could not be saved"};
      }
    }
    if (stop && !last) return Outcome{Ending::kStopped, generation.step, "", ""};
  }
  return complete(generation);
}

Result<bool> Rank::save(Generation& generation) {
  LH_TRY(link_.send(phase_line("checkpoint")));
  generation.world.set_timeout_ms(10 * config_.recovery.step_timeout_floor_ms);
  auto saved = Checkpointing(config_, model_.layout(), store_, ports_.now_us)
                   .save(generation.world, generation.shard, generation.step, generation.lineage);
  generation.world.set_timeout_ms(config_.recovery.step_timeout_floor_ms);
  if (!saved) {
    const ErrorCode code = saved.error().code;
    if (code == ErrorCode::kClosed || code == ErrorCode::kTimeout || code == ErrorCode::kDenied) {
      return std::move(saved).error();
    }
    // A full disk is no reason to stop training: the older checkpoint is still there.
    log_error(fmt::format("checkpoint of step {} failed: {}", generation.step, saved.error().message));
    if (generation.world.rank() == 0) {
      LH_TRY(link_.send({{"checkpoint_failed",
                          json::object{{"step", generation.step}, {"message", saved.error().message}}}}));
    }
    return false;
  }
  generation.saved_step = saved->step;
  generation.saved_path = saved->path;
  if (generation.world.rank() == 0) {
    LH_TRY(link_.send({{"checkpoint", json::object{{"step", saved->step},
                                                   {"path", saved->path},
                                                   {"size_bytes", saved->size_bytes},
                                                   {"duration_ms", saved->duration_ms},
                                                   {"stall_ms", saved->duration_ms}}}}));
  }
  return true;
}

// The digest is of the committed bytes, read back, not of what this process believes it has written.
Result<Outcome> Rank::complete(Generation& generation) {
  generation.world.set_timeout_ms(10 * config_.recovery.step_timeout_floor_ms);
  std::string text;
  if (generation.world.rank() == 0) {
    auto committed = store_.load(generation.saved_path);
    text =
        committed ? answer_text(store_.state_digest(*committed)) : answer_text(std::move(committed).error());
  }
  LH_ASSIGN(text, generation.world.broadcast_text(text, 0));
  LH_ASSIGN(const std::string digest, parse_answer(text));
  return Outcome{Ending::kCompleted, generation.step, digest, ""};
}

}  // namespace longhaul::trainer
