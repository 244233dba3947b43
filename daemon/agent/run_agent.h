// The agent as a program. Main thread only.
#pragma once

#include <string>

namespace longhaul::daemon {

struct AgentArguments {
  std::string node;
  std::string run_directory;
  std::string executable;  // this program's own path: longhaul-trainer lies beside it
};

// Runs until the agent leaves. The exit code: 0 left as asked; 2 bad usage or config, or a second agent.
int run_agent(const AgentArguments& arguments);

}  // namespace longhaul::daemon
