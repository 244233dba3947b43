// `longhaul run`: checks everything a person can get wrong, then keeps the daemon alive (keeper.h).
#include <cstdio>
#include <filesystem>

#include "base/posix/file.h"
#include "config/check.h"
#include "config/load.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/keeper.h"

namespace longhaul::daemon {
namespace {

// The run directory's own run.yaml is what the daemon and the ranks read.
Result<> install_config(const std::string& file, const std::string& run_directory) {
  const std::string target = run_directory + "/run.yaml";
  std::error_code ec;
  if (std::filesystem::equivalent(file, target, ec)) return {};
  LH_ASSIGN(const std::string text, read_file(file));
  LH_TRY(make_directories(run_directory));
  return write_file_durably(target, text);
}

}  // namespace

int run_command(int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {"exit"}, {"run-dir"});
  if (!a) return report_error(a.error());
  if (a->words.size() != 1)
    return report_error(invalid("usage: longhaul run FILE.yaml [--run-dir DIR] [--exit]"));
  const std::string& file = a->words[0];
  const std::string folder = std::filesystem::absolute(file).parent_path().string();
  const std::string run_directory =
      std::filesystem::absolute(a->get("run-dir", folder)).lexically_normal().string();
  const auto config = config::load(file, run_directory);
  if (!config) return report_error(Error{ErrorCode::kInvalid, config.error().message});
  if (config->trainer.kind == "longhaul") {
    if (const auto files = config::check_files(*config); !files) return report_error(files.error());
  }
  if (const auto installed = install_config(file, run_directory); !installed) {
    return report_error(Error{ErrorCode::kInvalid, installed.error().message});
  }
  KeeperOptions options;
  options.run_directory = run_directory;
  options.state_folder = config->paths.state;
  options.node_root = config->paths.node;
  options.daemon_program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/longhauld";
  options.exit_when_done = a->has("exit");
  return keep_daemon(options);
}

}  // namespace longhaul::daemon
