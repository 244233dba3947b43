// longhaul: the command line.
#include <cstdio>
#include <string>

#include "daemon/cli/commands.h"
#include "daemon/cli/corpus_command.h"

namespace {

constexpr char kUsage[] =
    R"(usage: longhaul COMMAND …
  run FILE.yaml [--run-dir DIR] [--exit]   train in the foreground; Ctrl-C saves and stops
  config check FILE.yaml                   is the configuration right?
  status [--json] [--watch]                what is happening
  nodes [--json]                           nodes and their ranks
  events [--json] [--follow]               what happened
  pause | resume | stop | checkpoint       commands, each [--reason TEXT] [--dry-run]
  corpus build | verify …                  text to training data
  sim --trace NAME [--days N] [--seed S]   a run of days against simulated failures
All but run, corpus and sim take --run-dir DIR (default: $LONGHAUL_RUN_DIR, else the current directory).
Exit codes: 0 done, 2 bad usage or configuration, 3 failed or halted, 4 no daemon answers, 5 verification failed.
)";

}  // namespace

int main(int argc, char** argv) {
  using namespace longhaul::daemon;
  if (argc < 2) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const std::string command = argv[1];
  argc -= 2;
  argv += 2;
  if (command == "run") return run_command(argc, argv);
  if (command == "config") return config_command(argc, argv);
  if (command == "status") return status_command(argc, argv);
  if (command == "nodes") return nodes_command(argc, argv);
  if (command == "events") return events_command(argc, argv);
  if (command == "corpus") return corpus_command(argc, argv);
  if (command == "sim") return sim_command(argc, argv);
  for (const char* name : {"pause", "resume", "stop", "checkpoint"}) {
    if (command == name) return operator_command(command, argc, argv);
  }
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  std::fprintf(stderr, "longhaul: unknown command '%s'\n%s", command.c_str(), kUsage);
  return 2;
}
