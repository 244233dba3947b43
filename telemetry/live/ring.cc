#include "telemetry/live/ring.h"

#include <utility>

#include <fmt/format.h>

#include "base/json/json.h"

namespace longhaul::telemetry::live {
namespace {

Frame make_frame(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// {"type":"step",…} → {"seq":7,"type":"step",…}
std::string with_seq(int64_t seq, std::string_view body) {
  const std::string_view rest = body.size() > 1 ? body.substr(1) : std::string_view("}");
  return fmt::format(R"({{"seq":{}{}{})", seq, rest == "}" ? "" : ",", rest);
}

}  // namespace

void Ring::push(int64_t seq, std::string_view body) {
  if (seq <= last_seq_) return;
  if (seq != last_seq_ + 1) frames_.clear();
  last_seq_ = seq;
  frames_.push_back(make_frame(with_seq(seq, body)));
  if (static_cast<int64_t>(frames_.size()) > kMaxLag) frames_.pop_front();
  batches_.clear();
}

void Ring::set_run(std::string_view run_json) {
  run_ = make_frame(fmt::format(R"({{"type":"run","run":{}}})", run_json));
  ++run_version_;
}

void Ring::tick(std::string_view now) {
  tick_ = make_frame(fmt::format(R"({{"type":"tick","now":"{}"}})", now));
  ++tick_version_;
}

bool Ring::holds(int64_t seq) const {
  return seq <= last_seq_ && last_seq_ - seq <= static_cast<int64_t>(frames_.size());
}

Frame Ring::frames_after(int64_t seq) {
  const auto first = static_cast<size_t>(static_cast<int64_t>(frames_.size()) - (last_seq_ - seq));
  if (first + 1 == frames_.size()) return frames_.back();
  Frame& batch = batches_[seq];
  if (!batch) {
    std::string text = R"({"type":"batch","frames":[)";
    for (size_t i = first; i < frames_.size(); ++i) {
      if (i > first) text += ',';
      text += *frames_[i];
    }
    batch = make_frame(std::move(text) + "]}");
  }
  return batch;
}

bool Cursor::receive(std::string_view text) {
  if (greeted_) return true;
  const auto hello = json::parse_object(text);
  if (!hello) return false;
  const json::value* epoch = hello->if_contains("epoch");
  const json::value* seq = hello->if_contains("seq");
  const bool known_epoch = epoch != nullptr && epoch->is_string();
  if (epoch != nullptr && !epoch->is_string() && !epoch->is_null()) return false;
  if (seq != nullptr && !seq->is_int64() && !seq->is_null()) return false;

  greeted_ = true;
  tick_version_ = ring_->tick_version_;
  seq_ = ring_->last_seq_;
  if (!known_epoch) {
    pending_ = greeting("hello");
    return true;
  }
  const int64_t seen = seq != nullptr && seq->is_int64() ? seq->get_int64() : -1;
  const bool can_resume =
      std::string_view(epoch->get_string()) == ring_->epoch_ && seen >= 0 && ring_->holds(seen);
  if (can_resume) seq_ = seen;
  if (!can_resume) ++resets_;
  pending_ = greeting(can_resume ? "hello" : "reset");
  return true;
}

Frame Cursor::greeting(const char* type) const {
  return make_frame(fmt::format(R"({{"type":"{}","epoch":"{}","seq":{}}})", type, ring_->epoch_, seq_));
}

Frame Cursor::next() {
  if (!greeted_) return nullptr;
  if (pending_) return *std::exchange(pending_, std::nullopt);
  if (seq_ < ring_->last_seq_) {
    const int64_t seen = std::exchange(seq_, ring_->last_seq_);
    if (ring_->holds(seen)) return ring_->frames_after(seen);
    ++resets_;
    return greeting("reset");
  }
  if (run_version_ != ring_->run_version_) {
    run_version_ = ring_->run_version_;
    return ring_->run_;
  }
  if (tick_version_ != ring_->tick_version_) {
    tick_version_ = ring_->tick_version_;
    return ring_->tick_;
  }
  return nullptr;
}

}  // namespace longhaul::telemetry::live
