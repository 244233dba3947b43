// What a daemon claims on the shared store so that no other one, and no left-over rank, acts in its place:
//   terms/N                    a life of the daemon, claimed by exclusive creation; holds its UUID
//   documents/daemon.json      where agents find it
//   generations/T.S            a launch of the ranks; commits of older ones are refused
//   documents/run.json         which run and configuration this store belongs to
// Blocking (a shared disk). Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

#include "base/core/generation.h"
#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::daemon {

struct Term {
  int64_t number = 0;
  std::string uuid;
};

// The next free term, for good: whoever claims a higher one has taken over.
Result<Term> claim_term(const std::string& store);
// The highest term on the store is still ours.
Result<bool> holds_term(const std::string& store, const Term& term);

Result<> publish_address(const std::string& store, const Term& term, const std::string& address);
// kDenied when a newer one is there: a daemon that was replaced lowers no fence.
Result<> publish_generation(const std::string& store, const Generation& generation);

// kConflict when the store holds another run, or this run with another identity; says what differs.
// The first one writes it down, with a UUID, which is returned.
Result<std::string> check_identity(const std::string& store, const config::RunConfig& config);
// The same question, and nothing is written: a store that no run has claimed fits every configuration.
Result<> fits_store(const std::string& store, const config::RunConfig& config);

}  // namespace longhaul::daemon
