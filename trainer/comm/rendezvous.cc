#include "trainer/comm/rendezvous.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/core/log.h"
#include "base/crypto/random.h"
#include "base/posix/error.h"
#include "base/posix/unique_fd.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {
namespace {

constexpr size_t kHelloLimitBytes = 16 << 10;

json::object to_json(const Member& m) {
  return {
      {"machine", m.machine}, {"unix_socket", m.unix_socket}, {"host", m.host}, {"port", int64_t{m.port}}};
}

Result<Member> member_from_json(const json::object& o) {
  Member m;
  LH_ASSIGN(m.machine, json::get_string(o, "machine"));
  LH_ASSIGN(m.unix_socket, json::get_string(o, "unix_socket"));
  LH_ASSIGN(m.host, json::get_string(o, "host"));
  LH_ASSIGN(const int64_t port, json::get_int(o, "port"));
  if (port < 0 || port > 65535) return invalid(fmt::format("port {} is out of range", port));
  m.port = static_cast<uint16_t>(port);
  return m;
}

// Rank 0's side: a small event loop over the listener and all connections.
class Gathering {
 public:
  Gathering(const MeshOptions& options, int listener, const Clock& clock)
      : options_(options), listener_(listener), clock_(clock) {}

  Result<Roster> run(const Member& own) {
    Roster roster;
    roster.session = random_hex(16);
    const int64_t deadline_ms = clock_.steady_ms() + options_.rendezvous_timeout_ms;
    while (!complete()) LH_TRY(turn(deadline_ms));
    roster.members.resize(static_cast<size_t>(options_.world_size));
    roster.members[0] = own;
    for (const Caller& caller : callers_) {
      if (caller.rank) roster.members[static_cast<size_t>(*caller.rank)] = caller.member;
    }
    const std::string line = json::to_text(trainer::to_json(roster));
    for (const Caller& caller : callers_) {
      if (!caller.rank) continue;
      auto sent = send_line(caller.fd.get(), line, clock_, deadline_ms);
      if (!sent)
        return std::move(sent).error().with_context(fmt::format("send the roster to rank {}", *caller.rank));
    }
    return roster;
  }

 private:
  struct Caller {
    UniqueFd fd;
    std::string heard;
    std::optional<int> rank;  // once its hello was accepted
    Member member;
    bool gone = false;
  };

  bool complete() const {
    return std::count_if(callers_.begin(), callers_.end(),
                         [](const Caller& c) { return c.rank.has_value(); }) == options_.world_size - 1;
  }

  std::string missing() const {
    std::string ranks;
    for (int r = 1; r < options_.world_size; ++r) {
      if (!find(r)) ranks += fmt::format("{}{}", ranks.empty() ? "" : ", ", r);
    }
    return ranks;
  }

  bool find(int rank) const {
    return std::any_of(callers_.begin(), callers_.end(), [rank](const Caller& c) { return c.rank == rank; });
  }

  Result<> turn(int64_t deadline_ms) {
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const Caller& caller : callers_) waiting.push_back({caller.fd.get(), POLLIN, 0});
    const int64_t left_ms = deadline_ms - clock_.steady_ms();
    if (left_ms <= 0) return Error{ErrorCode::kTimeout, "rendezvous: ranks that did not come: " + missing()};
    if (options_.give_up()) return given_up();
    const int ready =
        ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(left_ms, kAskEveryMs)));
    if (ready < 0 && errno != EINTR) return errno_error("poll");
    if (ready <= 0) return {};
    for (size_t i = 0; i < callers_.size(); ++i) {
      if (waiting[i + 1].revents != 0) hear(callers_[i]);
    }
    std::erase_if(callers_, [](const Caller& c) { return c.gone; });
    if (waiting[0].revents != 0) {
      auto fd = accept_from(listener_, clock_, clock_.steady_ms() + 10);
      if (fd) {
        callers_.push_back({std::move(*fd), {}, {}, {}, false});
      } else if (fd.error().code != ErrorCode::kTimeout) {  // which it is when the caller is gone again
        return std::move(fd).error();
      }
    }
    return {};
  }

  void hear(Caller& caller) {
    char buffer[4096];
    const ssize_t n = ::recv(caller.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      if (caller.rank) log_warning(fmt::format("rendezvous: rank {} came and went", *caller.rank));
      caller.gone = true;
      return;
    }
    caller.heard.append(buffer, static_cast<size_t>(n));
    const size_t newline = caller.heard.find('\n');
    if (newline == std::string::npos && caller.heard.size() <= kHelloLimitBytes) return;
    if (caller.rank || newline == std::string::npos) {
      caller.gone = true;  // speaks out of turn, or no rank at all
      return;
    }
    auto accepted = accept_hello(caller, caller.heard.substr(0, newline));
    if (accepted) return;
    log_warning("rendezvous: refused: " + accepted.error().message);
    const json::object refusal{{"refused", accepted.error().message},
                               {"configuration", accepted.error().code == ErrorCode::kConflict}};
    // Its socket buffer is empty: a refusal fits at once or the caller is not worth waiting for.
    (void)send_line(caller.fd.get(), json::to_text(refusal), clock_, clock_.steady_ms() + 10);
    caller.gone = true;
  }

  Result<> accept_hello(Caller& caller, const std::string& line) {
    LH_ASSIGN(const json::object hello, json::parse_object(line));
    LH_ASSIGN(const std::string run, json::get_string(hello, "run"));
    LH_ASSIGN(const std::string generation, json::get_string(hello, "generation"));
    LH_ASSIGN(const int64_t world_size, json::get_int(hello, "world_size"));
    LH_ASSIGN(const int64_t rank, json::get_int(hello, "rank"));
    LH_ASSIGN(const json::object member, json::get_object(hello, "member"));
    if (run != options_.run) return invalid(fmt::format("run '{}', this is '{}'", run, options_.run));
    if (generation != options_.generation) {
      return invalid(fmt::format("generation {}, this is {}", generation, options_.generation));
    }
    if (world_size != options_.world_size) {
      return invalid(fmt::format("world size {}, this is {}", world_size, options_.world_size));
    }
    if (rank < 1 || rank >= options_.world_size) return invalid(fmt::format("rank {} is out of range", rank));
    if (find(static_cast<int>(rank))) return invalid(fmt::format("rank {} is here already", rank));
    if (json::string_or(hello, "text", "") != options_.text) {
      return Error{
          ErrorCode::kConflict,
          fmt::format("the text (data.corpora) of rank {} is not that of rank 0: copy the same corpora "
                      "to every node",
                      rank)};
    }
    LH_ASSIGN(caller.member, member_from_json(member));
    caller.rank = static_cast<int>(rank);
    return {};
  }

  const MeshOptions& options_;
  int listener_;
  const Clock& clock_;
  std::vector<Caller> callers_;
};

}  // namespace

json::object to_json(const Roster& roster) {
  json::array members;
  for (const Member& m : roster.members) members.push_back(to_json(m));
  return {{"session", roster.session}, {"members", std::move(members)}};
}

Result<Roster> roster_from_json(const json::object& o) {
  if (o.contains("refused")) {
    const json::value* configuration = o.if_contains("configuration");
    const bool ours = configuration != nullptr && configuration->is_bool() && configuration->get_bool();
    return Error{ours ? ErrorCode::kInvalid : ErrorCode::kDenied,
                 "refused by rank 0: " + json::string_or(o, "refused", "")};
  }
  Roster roster;
  LH_ASSIGN(roster.session, json::get_string(o, "session"));
  LH_ASSIGN(const json::array members, json::get_array(o, "members"));
  for (const json::value& v : members) {
    if (!v.is_object()) return invalid("roster: a member that is no object");
    LH_ASSIGN(Member member, member_from_json(v.get_object()));
    roster.members.push_back(std::move(member));
  }
  return roster;
}

Result<Roster> gather_members(const MeshOptions& options, int listener, const Member& own,
                              const Clock& clock) {
  return Gathering(options, listener, clock).run(own);
}

Result<Roster> join_members(const MeshOptions& options, int connected, const Member& own, const Clock& clock,
                            int64_t deadline_ms) {
  const json::object hello{{"run", options.run},
                           {"generation", options.generation},
                           {"world_size", options.world_size},
                           {"rank", options.rank},
                           {"text", options.text},
                           {"member", to_json(own)}};
  LH_TRY(send_line(connected, json::to_text(hello), clock, deadline_ms));
  LH_TRY(wait_ready(connected, POLLIN, clock, deadline_ms, options.give_up));
  LH_ASSIGN(const std::string line, receive_line(connected, clock, deadline_ms));
  LH_ASSIGN(const json::object answer, json::parse_object(line));
  LH_ASSIGN(Roster roster, roster_from_json(answer));
  if (roster.members.size() != static_cast<size_t>(options.world_size)) {
    return corrupt(
        fmt::format("a roster of {} ranks for a world of {}", roster.members.size(), options.world_size));
  }
  return roster;
}

}  // namespace longhaul::trainer
