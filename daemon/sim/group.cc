#include "daemon/sim/group.h"

#include <algorithm>
#include <memory>

namespace longhaul::daemon::sim {
namespace {

constexpr int kExitLostPeer = 75;
constexpr int kExitNoCheckpoint = 5;
constexpr int64_t kNoticePeerMs = 1'000;  // at most, until a lost peer is noticed
constexpr int64_t kUnreachableMs = 5'000;

}  // namespace

Group::Group(Setting setting, const Spec& spec, Events& events, Store& store, Watch watch)
    : setting_(std::move(setting)), spec_(spec), events_(events), store_(store), watch_(std::move(watch)) {}

void Group::later(int64_t delay_ms, void (Group::*then)()) {
  events_.after(delay_ms, [this, then, life = std::weak_ptr(life_)] {
    if (!life.expired() && !broken_) (this->*then)();
  });
}

void Group::join(Node& node, const LaunchCommand& launch) {
  for (const RankPlace& place : launch.ranks) {
    places_[place.rank] = &node;
    if (place.rank == 0) rank0_ = &node;
  }
  nodes_.insert(&node);
  if (static_cast<int>(places_.size()) < setting_.world_size || broken_) return;
  phase_ = Phase::kRestoring;
  later(spec_.start_ms + spec_.restore_ms, &Group::restore);
}

bool Group::connected() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node* n) { return n->can_be_reached(); });
}

void Group::tell_rank0(Entry entry) {
  entry.generation = setting_.generation;
  rank0_->tell(std::move(entry));
}

void Group::tell_each_node(Entry entry) {
  entry.generation = setting_.generation;
  for (Node* node : nodes_) node->tell(entry);
}

void Group::restore() {
  if (hung_) return;
  if (!connected() || (!setting_.resume.empty() && !store_.available))
    return later(kUnreachableMs, &Group::restore);
  RanksRestored fact{setting_.generation, 0, 0, "", {}, {}};
  if (!setting_.resume.empty()) {
    const auto found = store_.restore_from(setting_.resume, &fact.rejected);
    if (!found) return leave(kExitNoCheckpoint);
    fact.step = found->step;
    fact.path = checkpoint::folder_name(*found).value();
  }
  fact.reasons.assign(fact.rejected.size(), "its bytes are wrong");
  step_ = fact.step;
  watch_.restored(*this, fact.path);
  Entry entry;
  entry.fact = std::move(fact);
  entry.phase = "restore";
  tell_rank0(std::move(entry));
  phase_ = Phase::kStepping;
  begin_step();
}

void Group::begin_step() {
  if (asked_) return save();
  if (step_ >= setting_.target_steps) return save();
  later(spec_.step_ms, &Group::end_step);
}

void Group::end_step() {
  if (hung_) return;
  if (!connected()) return later(kUnreachableMs, &Group::end_step);
  ++step_;
  watch_.stepped(*this, step_);
  Entry entry;
  entry.step = MeasuredStep{step_, bits_of(setting_.seed, step_)};
  tell_each_node(std::move(entry));
  if (step_ % spec_.every_steps == 0 || step_ >= setting_.target_steps || asked_) return save();
  begin_step();
}

void Group::save() {
  Entry entry;
  entry.phase = "checkpoint";
  tell_rank0(std::move(entry));
  later(spec_.save_ms, &Group::finish_save);
}

void Group::finish_save() {
  if (hung_) return;
  const checkpoint::CheckpointKey key{step_, setting_.branch, setting_.generation.text()};
  const auto path = store_.commit(key, events_.chance(spec_.faults.damage_per_save));
  if (!path && path.error().code == ErrorCode::kDenied) return leave(kExitLostPeer);
  if (path) {
    watch_.saved(*this, *path);
    Entry entry;
    entry.fact = CheckpointSaved{setting_.generation, step_, *path, 1, spec_.save_ms, spec_.save_ms};
    tell_rank0(std::move(entry));
  }
  if (asked_ && path) return leave(0);
  if (step_ < setting_.target_steps) return begin_step();
  for (const auto& [rank, node] : places_) {
    Entry entry;
    entry.generation = setting_.generation;
    entry.fact = RankDone{setting_.generation, rank, step_, rank == 0 ? "digest" : ""};
    node->tell(std::move(entry));
  }
  leave(0);
}

void Group::leave(int exit_code) {
  phase_ = Phase::kLeaving;
  broken_ = true;
  const auto places = places_;
  for (const auto& [rank, node] : places) node->end_process(RankId{setting_.generation, rank}, exit_code, 0);
}

void Group::lost(const RankId& id) {
  places_.erase(id.rank);
  if (phase_ == Phase::kLeaving || broken_) return;
  broken_ = true;
  if (hung_) return;  // who hangs notices nothing
  events_.after(events_.between(10, kNoticePeerMs), [this, life = std::weak_ptr(life_)] {
    if (!life.expired()) break_up();
  });
}

void Group::break_up() {
  const auto places = places_;
  for (const auto& [rank, node] : places)
    node->end_process(RankId{setting_.generation, rank}, kExitLostPeer, 0);
}

void Group::ask_to_end() {
  if (asked_) return;
  asked_ = true;
  // Who is still looking for the others has nothing to save.
  if (phase_ == Phase::kStepping || hung_) return;
  broken_ = true;
  events_.after(1, [this, life = std::weak_ptr(life_)] {
    if (!life.expired()) leave(0);
  });
}

}  // namespace longhaul::daemon::sim
