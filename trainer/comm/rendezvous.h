// How the ranks of one generation find each other. Every rank but 0 connects to the master address and
// says hello: run, world size, rank, generation, and where it listens itself. Rank 0 refuses what does
// not belong here (another run or generation, a wrong world size, a rank it has already, another text) and
// goes on waiting, so that a straggler of an older generation disturbs nobody. When all are there it sends
// the roster to all. One JSON object a line both ways. Thread-safety: none; one call a process and
// generation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "base/json/json.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {

struct MeshOptions {
  std::string run;   // its name
  std::string text;  // fingerprint of the training text
  int rank = 0;
  int world_size = 1;
  std::string generation = "0.0";
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 0;
  int master_fd = -1;  // rank 0: a socket that listens at the master port already; taken over
  int64_t rendezvous_timeout_ms = 60'000;
  int64_t operation_timeout_ms = 60'000;  // of a collective, without progress
  GiveUp give_up = [] { return false; };
};

// Where a rank listens for the others.
struct Member {
  std::string machine;      // equal for ranks that can share Unix sockets and memory
  std::string unix_socket;  // "@…", abstract; unreachable from another machine
  std::string host;
  uint16_t port = 0;
};

struct Roster {
  std::string session;  // random, made by rank 0: a mesh connection proves with it that it belongs here
  std::vector<Member> members;  // by rank
};

json::object to_json(const Roster& roster);
Result<Roster> roster_from_json(const json::object& o);

// Rank 0. listener: bound to the master port.
Result<Roster> gather_members(const MeshOptions& options, int listener, const Member& own,
                              const Clock& clock);

// Other ranks. connected: to the master.
Result<Roster> join_members(const MeshOptions& options, int connected, const Member& own, const Clock& clock,
                            int64_t deadline_ms);

}  // namespace longhaul::trainer
