// The shared store in a simulation: terms, launches, checkpoints. What is restored and what is deleted is
// chosen by the code that does it for real (checkpoint/store/retention.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/core/generation.h"
#include "base/core/result.h"
#include "checkpoint/format/checkpoint_key.h"

namespace longhaul::daemon::sim {

class Store {
 public:
  explicit Store(int keep_last) : keep_last_(keep_last) {}

  bool available = true;

  int64_t claim_term() { return ++terms_; }
  int64_t newest_term() const { return terms_; }

  Result<> publish(const Generation& generation);
  const Generation& newest_launch() const { return newest_launch_; }

  // kDenied when a newer generation was launched; damaged: reading it back will fail.
  Result<std::string> commit(const checkpoint::CheckpointKey& key, bool damaged);
  // The newest one that is trusted; empty: there is none.
  Result<std::optional<checkpoint::CheckpointKey>> newest_restorable() const;
  // What a rank finds that starts from `path`: that one, or the next older one that is whole. `rejected`
  // gets the others.
  std::optional<checkpoint::CheckpointKey> restore_from(const std::string& path,
                                                        std::vector<std::string>* rejected) const;
  void distrust(const std::string& path) { distrusted_.insert(path); }
  // Reads back the newest ones until one is right, distrusts the others, and deletes what the policy no
  // longer keeps; tells what went.
  std::vector<std::string> apply_retention();

  bool is_trusted(const std::string& path) const {
    return checkpoints_.contains(path) && !distrusted_.contains(path);
  }
  size_t count() const { return checkpoints_.size(); }

 private:
  struct Saved {
    checkpoint::CheckpointKey key;
    bool damaged = false;
  };
  std::vector<Saved> newest_first() const;  // trusted ones

  const int keep_last_;
  int64_t terms_ = 0;
  Generation newest_launch_;
  std::map<std::string, Saved> checkpoints_;  // by path
  std::set<std::string> distrusted_;
};

}  // namespace longhaul::daemon::sim
