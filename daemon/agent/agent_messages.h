// Between the wire's messages and the pure core's values, and what a rank's report is about. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/core/result.h"
#include "base/json/json.h"
#include "daemon/agent/core/agent_action.h"
#include "daemon/agent/core/agent_core.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

// kInvalid: a generation that is none.
Result<AgentCommand> to_command(const wire::Launch& message);
Result<AgentCommand> to_command(const wire::StopRanks& message);
Result<AgentCommand> to_command(const wire::TellRanks& message);
Result<AgentCommand> to_command(const wire::Shutdown& message);

wire::RankStatus to_status(const RankView& rank);
// The spool's text of an exit.
std::string exit_report_text(const RecordExit& exit, const std::string& last_stderr);

struct ReportSubject {
  bool is_step = false;  // the figures of one finished step, said by all ranks alike
  std::string phase;     // empty: not mentioned
  int64_t step = -1;     // -1: not mentioned
};
ReportSubject subject_of(const json::object& report);

}  // namespace longhaul::daemon
