// Where the daemon of a run directory listens for its operator. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

#include "base/core/result.h"
#include "base/json/json.h"

namespace longhaul::daemon {

// --run-dir, else $LONGHAUL_RUN_DIR, else the current directory.
std::string chosen_run_directory(const std::string& option);

class Connection {
 public:
  // Looks only at the directory. kNotFound: no run is there.
  static Result<Connection> open(const std::string& run_directory);

  // kUnavailable, with one sentence for people: no daemon answers.
  Result<json::object> get(const std::string& target) const;
  // The body of a 2xx. A problem's detail becomes the error: kInvalid (400), kConflict (409), kInternal
  // (500), kTimeout (504), …
  Result<json::object> post(const std::string& target, const json::object& body,
                            const std::string& idempotency_key) const;

  // For each request from now on; 10 s unless told.
  void set_timeout_ms(int64_t timeout_ms) { timeout_ms_ = timeout_ms; }

  const std::string& state_folder() const { return state_; }
  const std::string& run_directory() const { return run_directory_; }

 private:
  Result<json::object> ask(const std::string& method, const std::string& target, const std::string& body,
                           const std::string& key) const;
  std::string run_directory_;
  std::string state_;
  int64_t timeout_ms_ = 10'000;
};

}  // namespace longhaul::daemon
