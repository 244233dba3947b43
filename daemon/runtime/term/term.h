// What a daemon claims on the shared store so that no other one, and no left-over rank, acts in its place:
//   terms/N                    a life of the daemon, claimed by exclusive creation; holds its UUID
//   documents/daemon.json      where agents find it
//   documents/generation.json  the newest launch; commits of older ones are refused
//   documents/run.json         which run and configuration this store belongs to
// Blocking (a shared disk). Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

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
Result<> publish_generation(const std::string& store, const std::string& generation);

// kConflict when the store holds another run, or this run with another identity; says what differs.
// The first one writes it down.
Result<> check_identity(const std::string& store, const config::RunConfig& config);

}  // namespace longhaul::daemon
