#include "daemon/agent/agent_messages.h"

namespace longhaul::daemon {
namespace {

Result<Generation> generation_of(const std::string& text) {
  const auto generation = parse_generation(text);
  if (!generation) return invalid("generation '" + text + "' is not T.S");
  return *generation;
}

std::string name_of(ProcessState state) {
  switch (state) {
    case ProcessState::kStarting:
      return "starting";
    case ProcessState::kRunning:
      return "running";
    case ProcessState::kExited:
      return "exited";
  }
  return "";
}

}  // namespace

Result<AgentCommand> to_command(const wire::Launch& m) {
  LH_ASSIGN(const Generation generation, generation_of(m.generation));
  LaunchCommand c;
  c.id = m.id;
  c.term = m.term;
  c.generation = generation;
  c.branch = m.branch;
  c.world_size = m.world_size;
  c.node_rank = m.node_rank;
  c.node_count = m.node_count;
  for (const wire::LaunchRank& rank : m.ranks) c.ranks.push_back(RankPlace{rank.rank, rank.local_rank});
  c.master_address = m.master_address;
  c.master_port = m.master_port;
  c.resume = m.resume;
  c.restarts = m.restarts;
  return AgentCommand(std::move(c));
}

Result<AgentCommand> to_command(const wire::StopRanks& m) {
  LH_ASSIGN(const Generation generation, generation_of(m.generation));
  return AgentCommand(StopCommand{m.id, m.term, generation, m.force, m.grace_ms});
}

Result<AgentCommand> to_command(const wire::TellRanks& m) {
  LH_ASSIGN(const Generation generation, generation_of(m.generation));
  return AgentCommand(TellCommand{m.id, m.term, generation, m.command});
}

Result<AgentCommand> to_command(const wire::Shutdown& m) {
  return AgentCommand(ShutdownCommand{m.id, m.term});
}

wire::RankStatus to_status(const RankView& rank) {
  wire::RankStatus status;
  status.rank = rank.id.rank;
  status.generation = rank.id.generation.text();
  status.pid = rank.pid;
  status.state = name_of(rank.state);
  status.phase = rank.phase;
  status.step = rank.step;
  return status;
}

std::string exit_report_text(const RecordExit& exit, const std::string& last_stderr) {
  wire::ExitReport report;
  report.rank = exit.id.rank;
  report.generation = exit.id.generation.text();
  report.pid = exit.pid;
  report.exit_code = exit.exit_code;
  report.signal = exit.signal;
  report.asked = exit.asked;
  report.last_stderr = exit.note.empty() ? last_stderr : exit.note;
  return json::to_text(json::object{{"exit", wire::to_json(report)}});
}

ReportSubject subject_of(const json::object& report) {
  ReportSubject subject;
  subject.phase = json::string_or(report, "phase", "");
  subject.step = json::int_or(report, "step", -1);
  const bool special =
      report.contains("checkpoint") || report.contains("error") || report.contains("restored_step");
  // A step named beside another phase ("done" at step 200) tells of the phase.
  subject.is_step = subject.step >= 0 && !special && (subject.phase.empty() || subject.phase == "train");
  return subject;
}

}  // namespace longhaul::daemon
