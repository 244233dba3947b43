// The program longhaul-trainer without its outside world: main.cc gives it clock, signals, files and
// environment. Tests run it in forked processes.
// Thread-safety: one call a process.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "trainer/loop/environment.h"
#include "trainer/loop/rank.h"

namespace longhaul::trainer {

// Command-line arguments without the program's name. Returns the exit code.
int run_program(const std::vector<std::string>& arguments,
                const std::function<const char*(const char*)>& environment, const RankPorts& ports,
                std::ostream& out, std::ostream& err);

// One rank from connecting to its agent to its last report.
int run_rank(const RankEnvironment& environment, const RankPorts& ports);

}  // namespace longhaul::trainer
