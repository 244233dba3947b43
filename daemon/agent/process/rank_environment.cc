#include "daemon/agent/process/rank_environment.h"

#include <array>
#include <map>
#include <string_view>

namespace longhaul::daemon {
namespace {

// SLURM describes the agent's own task; a rank that read it would take the wrong number.
constexpr std::array<std::string_view, 10> kForeign = {
    "SLURM_PROCID",   "SLURM_LOCALID", "SLURM_NODEID", "SLURM_NTASKS",         "SLURM_NPROCS",
    "SLURM_TASK_PID", "SLURM_GTIDS",   "SLURM_STEP_",  "SLURM_TASKS_PER_NODE", "PMI_"};

bool is_foreign(std::string_view entry) {
  if (entry.substr(0, 17) == "LONGHAUL_TRAINER_") return false;  // meant for the ranks
  if (entry.substr(0, 9) == "LONGHAUL_" || entry.substr(0, 13) == "TORCHELASTIC_") return true;
  for (const std::string_view name : kForeign)
    if (entry.substr(0, name.size()) == name) return true;
  return false;
}

}  // namespace

std::vector<std::string> rank_environment(const std::vector<std::string>& base,
                                          const config::RunConfig& config, const LaunchCommand& launch,
                                          const RankPlace& place, const RankSetting& setting) {
  std::map<std::string, std::string> variables;
  for (const std::string& entry : base) {
    const size_t equals = entry.find('=');
    if (equals != std::string::npos && !is_foreign(entry))
      variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  const auto set = [&](const char* name, std::string value) { variables[name] = std::move(value); };
  const auto set_number = [&](const char* name, int64_t value) { variables[name] = std::to_string(value); };
  set_number("RANK", place.rank);
  set_number("LOCAL_RANK", place.local_rank);
  set_number("WORLD_SIZE", launch.world_size);
  set_number("LOCAL_WORLD_SIZE", static_cast<int64_t>(launch.ranks.size()));
  set_number("GROUP_RANK", launch.node_rank);
  set_number("GROUP_WORLD_SIZE", launch.node_count);
  set("ROLE_NAME", "default");
  set_number("ROLE_RANK", place.rank);
  set_number("ROLE_WORLD_SIZE", launch.world_size);
  set("MASTER_ADDR", launch.master_address);
  set_number("MASTER_PORT", launch.master_port);
  set_number("TORCHELASTIC_RESTART_COUNT", launch.restarts);
  set_number("TORCHELASTIC_MAX_RESTARTS", config.recovery.restart_budget);
  set("TORCHELASTIC_RUN_ID", config.run.name);
  set("TORCHELASTIC_USE_AGENT_STORE", "False");
  set("TORCHELASTIC_ERROR_FILE", setting.error_file);
  set("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1");
  set("OMP_NUM_THREADS", "1");
  set("LONGHAUL_SOCKET", setting.socket);
  set("LONGHAUL_GENERATION", launch.generation.text());
  set_number("LONGHAUL_BRANCH", launch.branch);
  set("LONGHAUL_RUN_DIR", setting.run_directory);
  set("LONGHAUL_RESUME", launch.resume);
  set("LONGHAUL_NODE", setting.node);
  if (setting.master_fd >= 0) set_number("LONGHAUL_MASTER_FD", setting.master_fd);
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  return result;
}

}  // namespace longhaul::daemon
