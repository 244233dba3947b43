#include "trainer/comm/host_mesh.h"

#include <algorithm>
#include <cerrno>
#include <numeric>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include "base/core/check.h"
#include "base/core/log.h"
#include "base/crypto/random.h"
#include "base/json/json.h"
#include "base/posix/error.h"
#include "base/posix/file.h"
#include "trainer/comm/host_group.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {
namespace {

// A rank says hello right after it connects; a stranger that says nothing must not hold up the others.
constexpr int64_t kHelloTimeoutMs = 5'000;

// The sockets on which other ranks reach this one.
struct Listeners {
  UniqueFd unix_socket;
  UniqueFd tcp;
  Member member;
};

// Ranks share Unix sockets when boot and network namespace are the same.
std::string machine_name() {
  std::string name = read_file("/proc/sys/kernel/random/boot_id").value_or("unknown");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  char target[64];
  const ssize_t n = ::readlink("/proc/self/ns/net", target, sizeof target);
  return n > 0 ? name + "/" + std::string(target, static_cast<size_t>(n)) : name;
}

Result<Listeners> listen_for_peers(const std::string& host) {
  Listeners listeners;
  listeners.member.machine = machine_name();
  listeners.member.unix_socket = "@longhaul-" + random_hex(12);
  LH_ASSIGN(listeners.unix_socket, listen_at({listeners.member.unix_socket, 0}));
  listeners.member.host = host;
  LH_ASSIGN(listeners.tcp, listen_at({host, 0}));
  LH_ASSIGN(listeners.member.port, port_of(listeners.tcp.get()));
  return listeners;
}

Result<UniqueFd> master_listener(const MeshOptions& options) {
  if (options.master_fd < 0) return listen_at({options.master_host, options.master_port});
  UniqueFd fd(options.master_fd);
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    fd.release();  // not a descriptor of ours after all
    return errno_error(fmt::format("master descriptor {}", options.master_fd));
  }
  return fd;
}

Result<UniqueFd> call(const Member& own, const Member& peer, const Clock& clock, int64_t deadline_ms,
                      const GiveUp& give_up) {
  if (own.machine == peer.machine) return connect_to({peer.unix_socket, 0}, clock, deadline_ms, give_up);
  return connect_to({peer.host, peer.port}, clock, deadline_ms, give_up);
}

// A connection that does not know the session is a stranger: dropped, and the wait goes on.
Result<int> identify(int fd, const Roster& roster, const Clock& clock, int64_t deadline_ms) {
  LH_ASSIGN(const std::string line, receive_line(fd, clock, deadline_ms));
  LH_ASSIGN(const json::object hello, json::parse_object(line));
  LH_ASSIGN(const std::string session, json::get_string(hello, "session"));
  LH_ASSIGN(const int64_t rank, json::get_int(hello, "rank"));
  if (!equal_in_constant_time(session, roster.session)) return Error{ErrorCode::kDenied, "another session"};
  if (rank < 0 || rank >= static_cast<int64_t>(roster.members.size())) return invalid("no such rank");
  return static_cast<int>(rank);
}

Result<UniqueFd> accept_any(const Listeners& listeners, const Clock& clock, int64_t deadline_ms,
                            const GiveUp& give_up) {
  for (;;) {
    if (give_up()) return given_up();
    const int64_t left_ms = deadline_ms - clock.steady_ms();
    if (left_ms <= 0) return Error{ErrorCode::kTimeout, "deadline passed"};
    pollfd waiting[2] = {{listeners.unix_socket.get(), POLLIN, 0}, {listeners.tcp.get(), POLLIN, 0}};
    const int ready = ::poll(waiting, 2, static_cast<int>(std::min(left_ms, kAskEveryMs)));
    if (ready < 0 && errno != EINTR) return errno_error("poll");
    if (ready <= 0) continue;
    const int listener = waiting[0].revents != 0 ? waiting[0].fd : waiting[1].fd;
    auto fd = accept_from(listener, clock, clock.steady_ms() + 10);
    // A caller that is gone again; any other failure (no descriptor is left, say) would only come again.
    if (!fd && fd.error().code == ErrorCode::kTimeout) continue;
    return fd;
  }
}

// Lower ranks are called, higher ones call: each pair gets exactly one connection.
Result<> connect_peers(std::vector<UniqueFd>& peers, const MeshOptions& options, const Roster& roster,
                       const Listeners& own, const Clock& clock, int64_t deadline_ms) {
  const int rank = options.rank;
  const auto me = static_cast<size_t>(rank);
  const std::string hello = json::to_text(json::object{{"session", roster.session}, {"rank", rank}});
  for (size_t r = 0; r < me; ++r) {
    auto fd = call(own.member, roster.members[r], clock, deadline_ms, options.give_up);
    if (!fd) return std::move(fd).error().with_context(fmt::format("connect to rank {}", r));
    LH_TRY(send_line(fd->get(), hello, clock, deadline_ms));
    peers[r] = std::move(*fd);
  }
  for (size_t awaited = peers.size() - me - 1; awaited > 0;) {
    auto fd = accept_any(own, clock, deadline_ms, options.give_up);
    if (!fd) return std::move(fd).error().with_context(fmt::format("wait for {} ranks to connect", awaited));
    auto peer =
        identify(fd->get(), roster, clock, std::min(deadline_ms, clock.steady_ms() + kHelloTimeoutMs));
    if (!peer || *peer <= rank || peers[static_cast<size_t>(*peer)]) {
      log_warning("mesh: dropped a connection: " + (peer ? "unexpected rank" : peer.error().message));
      continue;
    }
    peers[static_cast<size_t>(*peer)] = std::move(*fd);
    --awaited;
  }
  return {};
}

}  // namespace

Result<HostMesh> HostMesh::connect(const MeshOptions& options, const Clock& clock) {
  CHECK(options.world_size >= 1 && options.rank >= 0 && options.rank < options.world_size);
  HostMesh mesh;
  mesh.rank_ = options.rank;
  mesh.peers_.resize(static_cast<size_t>(options.world_size));
  mesh.same_machine_.resize(mesh.peers_.size(), true);
  mesh.clock_ = &clock;
  mesh.operation_timeout_ms_ = options.operation_timeout_ms;
  if (options.world_size == 1) return mesh;

  const int64_t deadline_ms = clock.steady_ms() + options.rendezvous_timeout_ms;
  Roster roster;
  Listeners listeners;
  if (options.rank == 0) {
    LH_ASSIGN(const UniqueFd master, master_listener(options));
    LH_ASSIGN(listeners, listen_for_peers(options.master_host));
    LH_ASSIGN(roster, gather_members(options, master.get(), listeners.member, clock));
  } else {
    LH_ASSIGN(const UniqueFd master, connect_patiently({options.master_host, options.master_port}, clock,
                                                       deadline_ms, options.give_up));
    // The address that reaches the master is one that the others can reach.
    LH_ASSIGN(const std::string host, local_host_of(master.get()));
    LH_ASSIGN(listeners, listen_for_peers(host));
    LH_ASSIGN(roster, join_members(options, master.get(), listeners.member, clock, deadline_ms));
  }
  for (size_t r = 0; r < roster.members.size(); ++r) {
    mesh.same_machine_[r] = roster.members[r].machine == listeners.member.machine;
  }
  LH_TRY(connect_peers(mesh.peers_, options, roster, listeners, clock, deadline_ms));
  return mesh;
}

std::unique_ptr<Communicator> HostMesh::world() {
  std::vector<int> ranks(peers_.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  return group(ranks);
}

std::unique_ptr<Communicator> HostMesh::group(const std::vector<int>& world_ranks) {
  std::vector<HostGroup::Member> members;
  int own = -1;
  uint32_t number = 2166136261u;  // FNV-1a of the members: the same on each of them, whatever else it made
  for (const int r : world_ranks) {
    number = (number ^ static_cast<uint32_t>(r)) * 16777619u;
    CHECK(r >= 0 && r < world_size());
    if (r == rank_) own = static_cast<int>(members.size());
    members.push_back({r, peers_[static_cast<size_t>(r)].get(), same_machine_[static_cast<size_t>(r)]});
  }
  CHECK(own >= 0);
  return std::make_unique<HostGroup>(std::move(members), own, number, *clock_, operation_timeout_ms_);
}

}  // namespace longhaul::trainer
