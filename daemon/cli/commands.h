// The subcommands of `longhaul`. Each takes the words after its name, prints, and returns the exit code:
// 0 done, 2 bad usage or config, 3 the run failed or halted, 4 no daemon answers, 5 verification failed.
#pragma once

#include <string>

#include "base/core/result.h"

namespace longhaul::daemon {

int run_command(int argc, char** argv);     // FILE.yaml [--run-dir DIR] [--exit]
int config_command(int argc, char** argv);  // check FILE.yaml
int status_command(int argc, char** argv);  // [--json] [--watch] [--run-dir DIR]
int nodes_command(int argc, char** argv);   // [--json] [--run-dir DIR]
int events_command(int argc, char** argv);  // [--json] [--follow] [--run-dir DIR]
int sim_command(int argc, char** argv);     // --trace NAME [--days N] [--seed S] [--seeds K]
int operator_command(const std::string& name, int argc,
                     char** argv);  // [--reason TEXT] [--dry-run] [--run-dir DIR]

// "longhaul: MESSAGE" on standard error; the exit code that fits the error.
int report_error(const Error& error);

}  // namespace longhaul::daemon
