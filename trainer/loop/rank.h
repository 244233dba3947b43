// One rank of the training run. A Rank owns what outlives a generation: the network, the data and the
// arenas. run_generation() trains with one set of peers until the end, a stop, or the loss of a peer; it
// may be called again with new peers, without leaving the process.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/core/clock.h"
#include "base/core/file_system.h"
#include "base/core/result.h"
#include "config/run_config.h"
#include "trainer/comm/communicator.h"
#include "trainer/loop/checkpointing.h"
#include "trainer/loop/restoring.h"
#include "trainer/loop/train_step.h"
#include "wire/rank_link/rank_link.h"

namespace longhaul::trainer {

// The outside world.
struct RankPorts {
  const Clock& clock;
  FileSystem& files;
  std::function<int64_t()> now_us;       // monotonic, for durations
  std::function<bool()> stop_requested;  // SIGTERM has come
  int64_t memory_bytes = 0;              // of this machine; 0: not known
};

enum class Ending {
  kCompleted,     // the target step is reached and saved
  kStopped,       // saved as asked, before the target
  kPeerLost,      // a rank is gone, or does not answer
  kStoreLost,     // what is on the store cannot be read now
  kAgentLost,     // the agent is gone
  kFenced,        // a newer generation has taken over
  kNonfinite,     // NaN or infinity in loss or gradients
  kNoCheckpoint,  // there is something to restore, but nothing of it can be loaded
  kConfig,
  kFailed,  // anything else: data, disk
};

struct Outcome {
  Ending ending = Ending::kFailed;
  int64_t step = 0;          // the last complete one; -1: training did not start
  std::string state_digest;  // kCompleted
  std::string message;       // of a failure
};

int exit_code_of(Ending ending);
// "peer_lost", …; empty for kCompleted and kStopped.
std::string error_kind_of(Ending ending);

// What the ranks of a generation are told to do.
struct Orders {
  bool directed = false;  // false: nobody says; take the next free generation and the newest checkpoint
  std::string generation = "0.0";
  int64_t branch = 0;
  std::string resume;  // checkpoint folder; empty: step 0
};

class Rank {
 public:
  // kInvalid: a configuration that cannot be trained. link outlives the Rank.
  static Result<std::unique_ptr<Rank>> create(const config::RunConfig& config, const RankPorts& ports,
                                              wire::RankLink& link);

  // Of the corpora; ranks with another one must not train together.
  std::string text_fingerprint() const { return source_.fingerprint(); }

  // world: all ranks, each a data-parallel replica.
  Outcome run_generation(Communicator& world, const Orders& orders);

 private:
  struct Generation;

  Rank(const config::RunConfig& config, const RankPorts& ports, wire::RankLink& link, Model model,
       data::BatchSource source, TrainStep::Arenas arenas);
  Result<Outcome> run(Communicator& world, const Orders& orders);
  Result<> settle_orders(Communicator& world, Orders& orders);
  Result<> start_state(Generation& generation, const Orders& orders);
  Result<Outcome> train(Generation& generation);
  // True: saved. False: not, but training may go on. An error: the group is dead, or fenced.
  Result<bool> save(Generation& generation);
  Result<Outcome> complete(Generation& generation);
  Result<std::string> saved_digest(const std::string& path) const;
  int64_t slow_timeout_ms(const Generation& generation) const;
  Result<uint64_t> poll_control();
  Outcome explain(Error error) const;

  config::RunConfig config_;
  RankPorts ports_;
  wire::RankLink& link_;
  Model model_;
  data::BatchSource source_;
  checkpoint::Store store_;
  TrainStep step_;
  int64_t last_step_ = 0;
};

}  // namespace longhaul::trainer
