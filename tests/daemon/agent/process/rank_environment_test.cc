#include "daemon/agent/process/rank_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAreArray;

TEST(RankEnvironmentTest, IsTorchrunsContractAndOursOnTopOfTheAgentsOwn) {
  config::RunConfig config;
  config.run.name = "demo";
  config.recovery.restart_budget = 9;
  LaunchCommand launch;
  launch.generation = Generation{3, 7};
  launch.branch = 2;
  launch.world_size = 8;
  launch.node_rank = 1;
  launch.node_count = 2;
  launch.ranks = {{4, 0}, {5, 1}, {6, 2}, {7, 3}};
  launch.master_address = "10.0.0.1";
  launch.master_port = 29500;
  launch.resume = "/store/checkpoints/step-120-b2-g3.6";
  launch.restarts = 6;
  const RankSetting setting{"/run", "node-1", "/run/agent.sock", "/logs/rank-5.error.json", -1};
  const std::vector<std::string> base = {"HOME=/root",
                                         "RANK=99",
                                         "SLURM_PROCID=3",
                                         "SLURM_JOB_ID=17",
                                         "SLURM_NTASKS_PER_NODE=1",
                                         "LONGHAUL_OTHER=x",
                                         "PMI_RANK=3",
                                         "LONGHAUL_TRAINER_LOG=x",
                                         "TORCHELASTIC_X=1",
                                         "EMPTY="};
  EXPECT_THAT(rank_environment(base, config, launch, RankPlace{5, 1}, setting),
              ElementsAreArray({"EMPTY=",
                                "GROUP_RANK=1",
                                "GROUP_WORLD_SIZE=2",
                                "HOME=/root",
                                "LOCAL_RANK=1",
                                "LOCAL_WORLD_SIZE=4",
                                "LONGHAUL_BRANCH=2",
                                "LONGHAUL_GENERATION=3.7",
                                "LONGHAUL_NODE=node-1",
                                "LONGHAUL_RESUME=/store/checkpoints/step-120-b2-g3.6",
                                "LONGHAUL_RUN_DIR=/run",
                                "LONGHAUL_SOCKET=/run/agent.sock",
                                "LONGHAUL_TRAINER_LOG=x",
                                "MASTER_ADDR=10.0.0.1",
                                "MASTER_PORT=29500",
                                "OMP_NUM_THREADS=1",
                                "RANK=5",
                                "ROLE_NAME=default",
                                "ROLE_RANK=5",
                                "ROLE_WORLD_SIZE=8",
                                "SLURM_JOB_ID=17",
                                "TORCHELASTIC_ERROR_FILE=/logs/rank-5.error.json",
                                "TORCHELASTIC_MAX_RESTARTS=9",
                                "TORCHELASTIC_RESTART_COUNT=6",
                                "TORCHELASTIC_RUN_ID=demo",
                                "TORCHELASTIC_USE_AGENT_STORE=False",
                                "TORCH_NCCL_ASYNC_ERROR_HANDLING=1",
                                "WORLD_SIZE=8"}));
}

}  // namespace
}  // namespace longhaul::daemon
