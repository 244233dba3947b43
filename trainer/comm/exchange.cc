#include "trainer/comm/exchange.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/posix/error.h"

namespace longhaul::trainer {
namespace {

constexpr uint32_t kMagic = 0x314d484c;  // "LHM1"
constexpr int64_t kPieceBytes = 256 << 10;
// One peer's turn: others must not wait for the whole of a large message.
constexpr size_t kTurnBytes = 1u << 20;

struct Header {
  uint32_t magic = kMagic;
  uint32_t operation = 0;
  uint64_t sequence = 0;
  uint64_t size_bytes = 0;
};
static_assert(sizeof(Header) == 24);

enum class Step { kProgress, kBlocked };

Error lost(int peer, const char* doing, int error_number) {
  return Error{ErrorCode::kClosed,
               fmt::format("lost rank {} while {}: {}", peer, doing,
                           error_number == 0 ? "end of file" : std::strerror(error_number))};
}

class Sending {
 public:
  Sending(const Outgoing& out, const ExchangeTerms& terms) : out_(out) {
    header_.operation = static_cast<uint32_t>(terms.operation);
    header_.sequence = terms.sequence;
    header_.size_bytes = out.bytes.size();
  }
  bool done() const { return sent_ == sizeof header_ + out_.bytes.size(); }
  int fd() const { return out_.fd; }
  int peer() const { return out_.peer; }

  Result<Step> advance() {
    iovec parts[2];
    msghdr message{};
    message.msg_iov = parts;
    auto add = [&](const void* data, size_t size_bytes) {
      parts[message.msg_iovlen++] = {const_cast<void*>(data), size_bytes};
    };
    if (sent_ < sizeof header_) {
      add(reinterpret_cast<const char*>(&header_) + sent_, sizeof header_ - sent_);
    }
    const size_t payload_sent = sent_ < sizeof header_ ? 0 : sent_ - sizeof header_;
    if (payload_sent < out_.bytes.size()) {
      add(out_.bytes.data() + payload_sent, std::min(out_.bytes.size() - payload_sent, kTurnBytes));
    }
    const ssize_t n = ::sendmsg(out_.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<size_t>(n);
      return Step::kProgress;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return Step::kBlocked;
    return lost(out_.peer, "sending", errno);
  }

 private:
  Outgoing out_;
  Header header_;
  size_t sent_ = 0;
};

class Receiving {
 public:
  Receiving(Incoming& in, const ExchangeTerms& terms)
      : in_(in),
        terms_(terms),
        size_bytes_(in.consume ? static_cast<size_t>(in.size_bytes) : in.into.size()) {
    if (in.consume) piece_.resize(static_cast<size_t>(std::min<int64_t>(in.size_bytes, kPieceBytes)));
  }
  bool done() const { return received_ == sizeof header_ + size_bytes_; }
  int fd() const { return in_.fd; }
  int peer() const { return in_.peer; }

  Result<Step> advance() {
    iovec parts[2];
    msghdr message{};
    message.msg_iov = parts;
    if (received_ < sizeof header_) {
      parts[message.msg_iovlen++] = {reinterpret_cast<char*>(&header_) + received_,
                                     sizeof header_ - received_};
    }
    const std::span<std::byte> space = free_space();
    if (!space.empty()) parts[message.msg_iovlen++] = {space.data(), std::min(space.size(), kTurnBytes)};
    const ssize_t n = ::recvmsg(in_.fd, &message, MSG_DONTWAIT);
    if (n == 0) return lost(in_.peer, "receiving", 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Step::kBlocked;
    if (n < 0) return lost(in_.peer, "receiving", errno);
    const size_t before = received_;
    received_ += static_cast<size_t>(n);
    if (before < sizeof header_ && received_ >= sizeof header_) LH_TRY(check_header());
    if (in_.consume) hand_over();
    return Step::kProgress;
  }

 private:
  size_t payload_received() const { return received_ < sizeof header_ ? 0 : received_ - sizeof header_; }

  std::span<std::byte> free_space() {
    const size_t have = payload_received();
    if (!in_.consume) return in_.into.subspan(have);
    const size_t filled = have - handed_over_;
    return std::span(piece_).subspan(filled, std::min(piece_.size() - filled, size_bytes_ - have));
  }

  // Pieces are handed over when full (or last), so they are whole words and few calls.
  void hand_over() {
    const size_t filled = payload_received() - handed_over_;
    if (filled == 0 || (filled < piece_.size() && !done())) return;
    in_.consume(static_cast<int64_t>(handed_over_), std::span(piece_).first(filled));
    handed_over_ += filled;
  }

  Result<> check_header() const {
    if (header_.magic == kMagic && header_.operation == static_cast<uint32_t>(terms_.operation) &&
        header_.sequence == terms_.sequence && header_.size_bytes == size_bytes_) {
      return {};
    }
    return corrupt(
        fmt::format("rank {} is doing something else: operation {} number {} of {} bytes, expected operation "
                    "{} number {} of {} bytes",
                    in_.peer, header_.operation, header_.sequence, header_.size_bytes,
                    static_cast<uint32_t>(terms_.operation), terms_.sequence, size_bytes_));
  }

  Incoming& in_;
  const ExchangeTerms& terms_;
  size_t size_bytes_;
  Header header_{0, 0, 0, 0};
  size_t received_ = 0;  // header and payload
  size_t handed_over_ = 0;
  std::vector<std::byte> piece_;
};

template <class T>
Result<bool> advance_all(std::vector<T>& parts) {
  bool progress = false;
  for (T& part : parts) {
    if (part.done()) continue;
    LH_ASSIGN(const Step step, part.advance());
    progress = progress || step == Step::kProgress;
  }
  return progress;
}

template <class T>
bool all_done(const std::vector<T>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const T& part) { return part.done(); });
}

class Waiter {
 public:
  explicit Waiter(const ExchangeTerms& terms) : terms_(terms), last_progress_ms_(terms.clock->steady_ms()) {}

  void progress() { last_progress_ms_ = terms_.clock->steady_ms(); }

  Result<> wait(const std::vector<Sending>& sending, const std::vector<Receiving>& receiving) {
    waiting_.clear();
    for (const Sending& part : sending) {
      if (!part.done()) waiting_.push_back({part.fd(), POLLOUT, 0});
    }
    for (const Receiving& part : receiving) {
      if (!part.done()) waiting_.push_back({part.fd(), POLLIN, 0});
    }
    const int64_t left_ms = last_progress_ms_ + terms_.timeout_ms - terms_.clock->steady_ms();
    if (left_ms <= 0) return timed_out(sending, receiving);
    const int timeout_ms = static_cast<int>(std::min<int64_t>(left_ms, 60'000));
    if (::poll(waiting_.data(), waiting_.size(), timeout_ms) < 0 && errno != EINTR)
      return errno_error("poll");
    return {};
  }

 private:
  Error timed_out(const std::vector<Sending>& sending, const std::vector<Receiving>& receiving) const {
    std::string peers;
    auto name = [&](const auto& parts, const char* what) {
      for (const auto& part : parts) {
        if (!part.done()) peers += fmt::format("{}{} rank {}", peers.empty() ? "" : ", ", what, part.peer());
      }
    };
    name(receiving, "from");
    name(sending, "to");
    return Error{ErrorCode::kTimeout, fmt::format("no byte for {} ms {}", terms_.timeout_ms, peers)};
  }

  const ExchangeTerms& terms_;
  int64_t last_progress_ms_;
  std::vector<pollfd> waiting_;
};

}  // namespace

Result<> exchange(const ExchangeTerms& terms, std::span<const Outgoing> outgoing,
                  std::span<Incoming> incoming) {
  std::vector<Sending> sending;
  sending.reserve(outgoing.size());
  for (const Outgoing& out : outgoing) sending.emplace_back(out, terms);
  std::vector<Receiving> receiving;
  receiving.reserve(incoming.size());
  for (Incoming& in : incoming) receiving.emplace_back(in, terms);

  Waiter waiter(terms);
  while (!all_done(sending) || !all_done(receiving)) {
    LH_ASSIGN(const bool sent, advance_all(sending));
    LH_ASSIGN(const bool received, advance_all(receiving));
    if (sent || received) {
      waiter.progress();
    } else {
      LH_TRY(waiter.wait(sending, receiving));
    }
  }
  return {};
}

}  // namespace longhaul::trainer
