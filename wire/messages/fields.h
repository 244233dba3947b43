// The fields of each message, for base/json/fields.h. Used inside wire/messages only.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "base/core/result.h"
#include "base/json/fields.h"
#include "wire/messages/messages.h"

namespace longhaul::wire {

template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, RankStatus> {
  v("rank", m.rank), v("generation", m.generation), v("pid", m.pid), v("state", m.state), v("phase", m.phase),
      v("step", m.step);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Hello> {
  v("version", m.version), v("run", m.run), v("identity", m.identity), v("node", m.node),
      v("instance", m.instance);
  v("pid", m.pid), v("address", m.address), v("rendezvous_port", m.rendezvous_port);
  v("first_spool_seq", m.first_spool_seq), v("next_spool_seq", m.next_spool_seq), v("ranks", m.ranks);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Heartbeat> {
  v("rendezvous_port", m.rendezvous_port), v("ranks", m.ranks);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, SpoolEntry> {
  v("seq", m.seq), v("at_ms", m.at_ms), v("report", m.report);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, SpoolBatch> {
  v("entries", m.entries);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Declined> {
  v("reason", m.reason);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, ExitReport> {
  v("rank", m.rank), v("generation", m.generation), v("pid", m.pid), v("exit_code", m.exit_code);
  v("signal", m.signal), v("asked", m.asked), v("last_stderr", m.last_stderr);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Welcome> {
  v("version", m.version), v("term", m.term), v("uuid", m.uuid), v("run", m.run);
  v("acknowledged_seq", m.acknowledged_seq), v("used_seq", m.used_seq);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Refused> {
  v("reason", m.reason);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, SpoolAck> {
  v("seq", m.seq);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, LaunchRank> {
  v("rank", m.rank), v("local_rank", m.local_rank);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Launch> {
  v("id", m.id), v("term", m.term), v("generation", m.generation), v("branch", m.branch);
  v("world_size", m.world_size), v("node_rank", m.node_rank), v("node_count", m.node_count),
      v("ranks", m.ranks);
  v("master_address", m.master_address), v("master_port", m.master_port), v("resume", m.resume),
      v("restarts", m.restarts);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, StopRanks> {
  v("id", m.id), v("term", m.term), v("generation", m.generation), v("force", m.force),
      v("grace_ms", m.grace_ms);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, TellRanks> {
  v("id", m.id), v("term", m.term), v("generation", m.generation), v("command", m.command);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Shutdown> {
  v("id", m.id), v("term", m.term);
}

template <class M>
json::object write_message(const char* type, const M& message) {
  json::object o = json::write_fields(message);
  o["type"] = type;
  return o;
}

}  // namespace longhaul::wire
