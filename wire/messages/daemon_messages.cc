#include <fmt/format.h>

#include "wire/messages/fields.h"

namespace longhaul::wire {
namespace {

const char* type_of(const Welcome&) { return "welcome"; }
const char* type_of(const Refused&) { return "refused"; }
const char* type_of(const SpoolAck&) { return "spool_ack"; }
const char* type_of(const Launch&) { return "launch"; }
const char* type_of(const StopRanks&) { return "stop_ranks"; }
const char* type_of(const TellRanks&) { return "tell_ranks"; }
const char* type_of(const Shutdown&) { return "shutdown"; }

template <class M>
Result<DaemonMessage> read(const json::object& o) {
  LH_ASSIGN(M message, json::read_fields<M>(o));
  return DaemonMessage(std::move(message));
}

}  // namespace

json::object to_json(const DaemonMessage& message) {
  return std::visit([](const auto& m) { return write_message(type_of(m), m); }, message);
}

Result<DaemonMessage> parse_daemon_message(const json::object& o) {
  LH_ASSIGN(const std::string type, json::get_string(o, "type"));
  if (type == "welcome") return read<Welcome>(o);
  if (type == "refused") return read<Refused>(o);
  if (type == "spool_ack") return read<SpoolAck>(o);
  if (type == "launch") return read<Launch>(o);
  if (type == "stop_ranks") return read<StopRanks>(o);
  if (type == "tell_ranks") return read<TellRanks>(o);
  if (type == "shutdown") return read<Shutdown>(o);
  return invalid(fmt::format("field 'type' is '{}'; it is no message of this version", type));
}

}  // namespace longhaul::wire
