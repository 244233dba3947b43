// longhauld --run-dir DIR [--exit-when-done] [--fresh]
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "daemon/supervisor/run_daemon.h"

int main(int argc, char** argv) {
  longhaul::daemon::DaemonArguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--run-dir" && i + 1 < argc) {
      arguments.run_directory = argv[++i];
    } else if (word == "--exit-when-done") {
      arguments.exit_when_done = true;
    } else if (word == "--fresh") {
      arguments.fresh = true;
    } else {
      arguments.run_directory.clear();
      break;
    }
  }
  if (arguments.run_directory.empty()) {
    std::fputs("usage: longhauld --run-dir DIRECTORY [--exit-when-done] [--fresh]\n", stderr);
    return 2;
  }
  arguments.program_folder = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  return longhaul::daemon::run_daemon(arguments);
}
