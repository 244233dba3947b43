// The live stream without sockets: a ring of ready text frames, and a cursor into it for each viewer.
//
// A viewer costs a cursor and nothing else: no queue, so a slow one needs no more memory than a fast one.
// Steps and events ("deltas") carry consecutive sequence numbers and are never left out; whoever is more
// than kMaxLag behind is told to fetch the snapshot again ("reset"). The run's state and the tick have no
// number: only the newest is sent. Protocol: docs/live-protocol.md.
//
// Thread-safety: one thread for a ring and all its cursors. Frames themselves are immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace longhaul::telemetry::live {

using Frame = std::shared_ptr<const std::string>;

inline constexpr int64_t kMaxLag = 256;

class Ring {
 public:
  // last_seq: number of the delta before the first one pushed, 0 for a new history. After a restart push
  // the outbox of the history.
  Ring(std::string epoch, int64_t last_seq) : epoch_(std::move(epoch)), last_seq_(last_seq) {}

  // `body`: a JSON object without "seq". Numbers at or below last_seq() are ignored (already there); a gap
  // makes the ring start again from here, so every viewer is reset.
  void push(int64_t seq, std::string_view body);
  // The newest state of the run (a JSON object) and the newest tick ("…Z"); each replaces the one before.
  void set_run(std::string_view run_json);
  void tick(std::string_view now);

  const std::string& epoch() const { return epoch_; }
  int64_t last_seq() const { return last_seq_; }

 private:
  friend class Cursor;
  bool holds(int64_t seq) const;    // a viewer that has seen `seq` can go on from here
  Frame frames_after(int64_t seq);  // all of them: the frame itself, or a batch shared by viewers
  std::string epoch_;
  int64_t last_seq_ = 0;
  std::deque<Frame> frames_;                    // the deltas last_seq_ - size + 1 … last_seq_
  std::unordered_map<int64_t, Frame> batches_;  // by the sequence number they follow; of the present head
  Frame run_;
  Frame tick_;
  uint64_t run_version_ = 0;
  uint64_t tick_version_ = 0;
};

// One viewer's place.
class Cursor {
 public:
  explicit Cursor(Ring& ring) : ring_(&ring) {}

  // The viewer's first frame: {"epoch":"…"|null,"seq":N|null}. false: not that (close the connection).
  // Later frames are ignored.
  bool receive(std::string_view text);
  // The next frame to write, or null when the viewer has everything. Call again after it is written.
  Frame next();
  // How many times this viewer was reset.
  int64_t resets() const { return resets_; }

 private:
  Frame greeting(const char* type) const;  // "hello" or "reset": the deltas after seq follow
  Ring* ring_;
  bool greeted_ = false;
  std::optional<Frame> pending_;  // the greeting, until it is sent
  int64_t seq_ = 0;
  uint64_t run_version_ = 0;
  uint64_t tick_version_ = 0;
  int64_t resets_ = 0;
};

}  // namespace longhaul::telemetry::live
