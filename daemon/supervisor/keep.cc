// After each save: read the newest checkpoint back, and only then delete what it stands in for. Reading takes
// as long as the checkpoint is large, so a thread of its own does it; all decisions are the store thread's.
#include <set>

#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/supervisor/supervisor.h"

namespace longhaul::daemon {

// One round, from a save to the deletion behind it.
struct Supervisor::Keeping {
  int64_t branch = 0;
  std::string generation;
  std::set<std::string> failed;  // read in this round and not found right
};

void Supervisor::keep_checkpoints(int64_t branch, const std::string& generation) {
  refresh_checkpoints();  // the new one is shown at once, not verified yet
  auto round = std::make_shared<Keeping>(Keeping{branch, generation, {}});
  if (keeping_) {
    waiting_ = std::move(round);
    return;
  }
  keeping_ = std::move(round);
  verify_next();
}

void Supervisor::verify_next() {
  const auto path = catalog_.to_verify(keeping_->branch, keeping_->failed);
  if (!path) log_error("verify: " + path.error().message);
  if (!path || path->empty()) return finish_keeping();
  verify_worker_->post([this, path = *path] {
    const auto outcome = catalog_.read_back(path);
    store_worker_->post([this, path, outcome] { verified(path, outcome); });
  });
}

void Supervisor::verified(const std::string& path, const Result<>& outcome) {
  if (!outcome) {
    log_error(fmt::format("verify {}: {}", path, outcome.error().message));
    keeping_->failed.insert(path);
  }
  if (const auto noted = catalog_.note_read_back(path, outcome); !noted)
    log_error("distrust: " + noted.error().message);
  // Also when a newer one was saved meanwhile: where reading takes longer than the time between two saves,
  // the deletion would otherwise never come.
  if (outcome) return finish_keeping();
  verify_next();  // an older one takes its part when this one is not right
}

void Supervisor::finish_keeping() {
  const auto done =
      catalog_.apply_retention(keeping_->branch, config_.checkpoint.keep_last, keeping_->generation);
  if (!done) log_error("retention: " + done.error().message);
  refresh_checkpoints();
  keeping_ = std::move(waiting_);
  if (keeping_) verify_next();
}

void Supervisor::refresh_checkpoints() {
  auto rows = catalog_.list();
  if (!rows) return log_error("list checkpoints: " + rows.error().message);
  to_io([this, list = std::move(*rows)] { view_.set_checkpoints(list); });
}

}  // namespace longhaul::daemon
