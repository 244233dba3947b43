// One description of a message's fields serves writing and reading: fields(visitor, message) calls
// visitor(name, member) for each. Used inside wire/messages only.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "base/core/result.h"
#include "base/json/json.h"
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
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, ExitReport> {
  v("rank", m.rank), v("generation", m.generation), v("pid", m.pid), v("exit_code", m.exit_code);
  v("signal", m.signal), v("asked", m.asked), v("last_stderr", m.last_stderr);
}
template <class V, class M>
void fields(V& v, M& m) requires std::is_same_v<std::remove_const_t<M>, Welcome> {
  v("version", m.version), v("term", m.term), v("uuid", m.uuid), v("acknowledged_seq", m.acknowledged_seq);
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

class Writer {
 public:
  json::object object;
  void operator()(const char* name, int value) { object[name] = int64_t{value}; }
  void operator()(const char* name, int64_t value) { object[name] = value; }
  void operator()(const char* name, bool value) { object[name] = value; }
  void operator()(const char* name, const std::string& value) { object[name] = value; }
  void operator()(const char* name, const json::object& value) { object[name] = value; }
  template <class T>
  void operator()(const char* name, const std::vector<T>& values) {
    json::array list;
    for (const T& value : values) {
      Writer w;
      fields(w, value);
      list.push_back(std::move(w.object));
    }
    object[name] = std::move(list);
  }
};

// Stops at the first wrong field; `error` tells which.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  Result<> status;
  void operator()(const char* name, int& out);
  void operator()(const char* name, int64_t& out) { take(json::get_int(object_, name), out); }
  void operator()(const char* name, bool& out) { take(json::get_bool(object_, name), out); }
  void operator()(const char* name, std::string& out) { take(json::get_string(object_, name), out); }
  void operator()(const char* name, json::object& out) { take(json::get_object(object_, name), out); }
  template <class T>
  void operator()(const char* name, std::vector<T>& out) {
    json::array list;
    take(json::get_array(object_, name), list);
    for (const json::value& entry : list) {
      if (!status) return;
      if (!entry.is_object()) {
        status = invalid(std::string("field '") + name + "' holds " + json::to_text(entry) +
                         "; it must hold objects");
        return;
      }
      Reader r(entry.get_object());
      fields(r, out.emplace_back());
      status = std::move(r.status);
    }
  }

 private:
  template <class T>
  void take(Result<T> got, T& out) {
    if (!status) return;
    if (got) {
      out = std::move(*got);
    } else {
      status = std::move(got).error();
    }
  }
  const json::object& object_;
};

template <class M>
json::object write_message(const char* type, const M& message) {
  Writer w;
  w.object["type"] = type;
  fields(w, message);
  return std::move(w.object);
}

template <class M>
Result<M> read_message(const json::object& o) {
  M message;
  Reader r(o);
  fields(r, message);
  if (!r.status) return std::move(r.status).error();
  return message;
}

}  // namespace longhaul::wire
