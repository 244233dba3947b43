#include <fmt/format.h>

#include "wire/messages/fields.h"

namespace longhaul::wire {
namespace {

const char* type_of(const Hello&) { return "hello"; }
const char* type_of(const Heartbeat&) { return "heartbeat"; }
const char* type_of(const SpoolBatch&) { return "spool"; }
const char* type_of(const Declined&) { return "declined"; }

template <class M>
Result<AgentMessage> read(const json::object& o) {
  LH_ASSIGN(M message, json::read_fields<M>(o));
  return AgentMessage(std::move(message));
}

}  // namespace

json::object to_json(const AgentMessage& message) {
  return std::visit([](const auto& m) { return write_message(type_of(m), m); }, message);
}

Result<AgentMessage> parse_agent_message(const json::object& o) {
  LH_ASSIGN(const std::string type, json::get_string(o, "type"));
  if (type == "hello") return read<Hello>(o);
  if (type == "heartbeat") return read<Heartbeat>(o);
  if (type == "spool") return read<SpoolBatch>(o);
  if (type == "declined") return read<Declined>(o);
  return invalid(fmt::format("field 'type' is '{}'; it must be hello, heartbeat, spool or declined", type));
}

json::object to_json(const ExitReport& report) { return json::write_fields(report); }

Result<ExitReport> parse_exit_report(const json::object& o) { return json::read_fields<ExitReport>(o); }

}  // namespace longhaul::wire
