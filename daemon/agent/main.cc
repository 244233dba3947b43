#include <cstdio>
#include <string_view>

#include "daemon/agent/run_agent.h"

int main(int argc, char** argv) {
  longhaul::daemon::AgentArguments arguments;
  arguments.executable = "/proc/self/exe";
  bool usable = argc % 2 == 1;
  for (int i = 1; usable && i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--node") {
      arguments.node = argv[i + 1];
    } else if (name == "--run-dir") {
      arguments.run_directory = argv[i + 1];
    } else {
      usable = false;
    }
  }
  if (!usable || arguments.node.empty() || arguments.run_directory.empty() ||
      arguments.node.find('/') != std::string::npos) {
    std::fputs("usage: longhaul-agent --node NAME --run-dir DIRECTORY\n", stderr);
    return 2;
  }
  return longhaul::daemon::run_agent(arguments);
}
