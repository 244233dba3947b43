// `longhaul run`: checks everything a person can get wrong, then keeps the daemon alive (keeper.h).
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/posix/file.h"
#include "base/posix/lock_file.h"
#include "config/check.h"
#include "config/load.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/keeper.h"
#include "daemon/runtime/term/term.h"

namespace longhaul::daemon {
namespace {

// Held until the result goes: the daemon that is started then wants it for itself. A folder that is not
// there yet is nobody's.
Result<std::optional<LockFile>> lock_state(const std::string& folder) {
  std::optional<LockFile> lock;
  if (!path_exists(folder)) return lock;
  auto taken = LockFile::acquire(folder + "/daemon.lock");
  if (!taken) return std::move(taken.error()).with_context("another daemon owns this run");
  lock.emplace(std::move(*taken));
  return lock;
}

// The run directory's own run.yaml is what the daemon and the ranks read; a running daemon reads it again
// when it is started again. So it is replaced only where no daemon lives and the run stays the same one.
Result<> install_config(const std::string& file, const std::string& run_directory,
                        const config::RunConfig& wanted) {
  const std::string target = run_directory + "/run.yaml";
  std::error_code ec;
  if (std::filesystem::equivalent(file, target, ec)) return {};
  LH_TRY(fits_store(wanted.paths.store, wanted));
  LH_ASSIGN(const auto lock, lock_state(wanted.paths.state));
  // The folders that are given up may be elsewhere; the same lock cannot be taken twice.
  std::optional<LockFile> lock_before;
  if (const auto before = config::load(target, run_directory)) {
    LH_TRY(fits_store(before->paths.store, wanted));
    if (before->paths.state != wanted.paths.state) {
      LH_ASSIGN(lock_before, lock_state(before->paths.state));
    }
  }
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
  if (const auto installed = install_config(file, run_directory, *config); !installed) {
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
