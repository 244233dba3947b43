#include <cstdio>
#include <filesystem>

#include "config/check.h"
#include "config/identity.h"
#include "config/load.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"

namespace longhaul::daemon {

int config_command(int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {}, {});
  if (!a) return report_error(a.error());
  if (a->words.size() != 2 || a->words[0] != "check")
    return report_error(invalid("usage: longhaul config check FILE.yaml"));
  const auto config = config::load(a->words[1]);
  if (!config) return report_error(Error{ErrorCode::kInvalid, config.error().message});
  if (const auto files = config::check_files(*config); !files && config->trainer.kind == "longhaul") {
    return report_error(Error{ErrorCode::kInvalid, a->words[1] + ": " + files.error().message});
  }
  std::printf("%s: good: run '%s', identity %s, %d ranks on %d nodes\n", a->words[1].c_str(),
              config->run.name.c_str(), config::identity(*config).c_str(), config->parallel.ranks(),
              config->cluster.nodes);
  return 0;
}

}  // namespace longhaul::daemon
