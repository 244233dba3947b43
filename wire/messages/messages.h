// What the daemon and an agent say to each other. One JSON object a frame (wire/codec), over an
// authenticated channel. Every command carries the sender's term; an agent refuses a lower term than
// the highest it has seen, and a second UUID for one term. Plain values, thread-safe.
//
// Conversation: agent → Hello; daemon → Welcome (or Refused, and the connection closes); agent → Declined
// when it does not obey this daemon. Then the agent
// sends Heartbeats and its spool (SpoolBatch, acknowledged by SpoolAck once committed: until then the
// agent keeps the entries on its disk); the daemon sends Launch, StopRanks, TellRanks, Shutdown.
// Commands have an id; an agent that sees an id again does nothing and stays silent.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/core/result.h"
#include "base/json/json.h"

namespace longhaul::wire {

inline constexpr int kWireVersion = 1;

// A rank as its agent knows it. state: starting, running, exited.
struct RankStatus {
  int rank = 0;
  std::string generation;
  int64_t pid = 0;
  std::string state;
  std::string phase;  // last reported by the rank itself; empty: nothing yet
  int64_t step = -1;  // last reported step; -1: none
};

struct Hello {
  int version = kWireVersion;
  std::string run;       // config::Run::name
  std::string identity;  // config::identity
  std::string node;
  std::string instance;  // UUID of this life of the agent
  int64_t pid = 0;
  std::string address;          // how ranks on other nodes reach this node
  int rendezvous_port = 0;      // bound and listening, kept for the next rank 0 on this node
  int64_t first_spool_seq = 1;  // oldest entry still on the agent's disk
  int64_t next_spool_seq = 1;   // the next new entry gets this number
  std::vector<RankStatus> ranks;
};

struct Heartbeat {
  int rendezvous_port = 0;
  std::vector<RankStatus> ranks;
};

// An entry that must not be lost. report: what a rank said (see docs/rank-protocol.md) with "rank" and
// "generation" added, or {"exit":{…}} (see ExitReport). seq counts from 1 for a node and never restarts.
struct SpoolEntry {
  int64_t seq = 0;
  int64_t at_ms = 0;  // the agent's wall clock
  json::object report;
};
struct SpoolBatch {
  std::vector<SpoolEntry> entries;
};

// Why the agent does not obey the daemon that has welcomed it; it closes the connection.
struct Declined {
  std::string reason;
};

// The body of an exit entry: first-hand evidence from the agent's own waitpid.
struct ExitReport {
  int rank = 0;
  std::string generation;
  int64_t pid = 0;
  int exit_code = -1;       // -1: killed by a signal, or never started
  int signal = 0;           // 0: none
  bool asked = false;       // the agent had been told to stop or kill it
  std::string last_stderr;  // last lines, at most 4 KiB
};

struct Welcome {
  int version = kWireVersion;
  int64_t term = 0;
  std::string uuid;              // of this life of the daemon
  std::string run;               // UUID of the run: a store that was made anew has another
  int64_t acknowledged_seq = 0;  // spool entries up to here are committed
  int64_t used_seq = 0;          // up to here numbers are given out: new entries come after it
};
struct Refused {
  std::string reason;
};
struct SpoolAck {
  int64_t seq = 0;
};

struct LaunchRank {
  int rank = 0;
  int local_rank = 0;
};
struct Launch {
  std::string id;
  int64_t term = 0;
  std::string generation;
  int64_t branch = 0;
  int world_size = 0;
  int node_rank = 0;   // GROUP_RANK
  int node_count = 0;  // GROUP_WORLD_SIZE
  std::vector<LaunchRank> ranks;
  std::string master_address;
  int master_port = 0;   // the rendezvous_port that rank 0's agent reported
  std::string resume;    // checkpoint folder, or empty
  int64_t restarts = 0;  // TORCHELASTIC_RESTART_COUNT
};
// Ends all ranks of every generation up to this one. force: SIGKILL; else SIGTERM (save at a common step
// boundary and exit 0), then SIGKILL after grace_ms.
struct StopRanks {
  std::string id;
  int64_t term = 0;
  std::string generation;
  bool force = false;
  int64_t grace_ms = 0;
};
// Passed on to the ranks of this generation: "checkpoint".
struct TellRanks {
  std::string id;
  int64_t term = 0;
  std::string generation;
  std::string command;
};
// Kill what runs and leave.
struct Shutdown {
  std::string id;
  int64_t term = 0;
};

using AgentMessage = std::variant<Hello, Heartbeat, SpoolBatch, Declined>;
using DaemonMessage = std::variant<Welcome, Refused, SpoolAck, Launch, StopRanks, TellRanks, Shutdown>;

json::object to_json(const AgentMessage& message);
json::object to_json(const DaemonMessage& message);
// kInvalid names the field. Unknown extra fields are ignored: a newer version may send them.
Result<AgentMessage> parse_agent_message(const json::object& o);
Result<DaemonMessage> parse_daemon_message(const json::object& o);

json::object to_json(const ExitReport& report);
Result<ExitReport> parse_exit_report(const json::object& o);

}  // namespace longhaul::wire
