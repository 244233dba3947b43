#include "daemon/sim/checks.h"

#include <algorithm>

namespace longhaul::daemon::sim {

void Checks::fail(const std::string& what) {
  violations_.push_back("at " + std::to_string(events_.now_ms()) + " ms: " + what);
}

void Checks::stepped(const Group& group, int64_t step) {
  const Generation& own = group.setting().generation;
  if (own < newest_stepped_) {
    fail("generation " + own.text() + " did step " + std::to_string(step) + " after " +
         newest_stepped_.text() + " had stepped");
  }
  newest_stepped_ = std::max(newest_stepped_, own);
}

void Checks::saved(const Group& group, const std::string& path) {
  ever_saved_ = true;
  if (group.setting().generation < store_.newest_launch())
    fail(path + " was committed though " + store_.newest_launch().text() + " had been launched");
}

void Checks::restored(const Group& group, const std::string& path) {
  const std::string who = "generation " + group.setting().generation.text();
  if (path.empty()) {
    if (ever_saved_) fail(who + " started from nothing though there are checkpoints");
    return;
  }
  if (!store_.is_trusted(path)) fail(who + " restored " + path + ", which is not trusted");
}

void Checks::deleted(const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  const auto left = store_.newest_restorable();
  if (left && !*left) fail("retention deleted " + paths.back() + ", the last one that could be restored");
}

void Checks::decided(const RunState& before, const RunState& after) {
  const TimeUse& t = after.time_use;
  const int64_t sum =
      t.productive_ms + t.rerun_ms + t.restarting_ms + t.checkpoint_ms + t.paused_ms + t.waiting_ms;
  if (sum != after.accounted_ms - after.started_ms)
    fail("the accounts add up to " + std::to_string(sum) + " ms of " +
         std::to_string(after.accounted_ms - after.started_ms));
  if (after.budget < 0) fail("the restart budget is below zero");
  if (after.lost_steps < before.lost_steps || after.generations < before.generations ||
      after.highest_step < before.highest_step)
    fail("a counter fell");
  if (after.generation < before.generation) fail("a generation came back");
}

}  // namespace longhaul::daemon::sim
