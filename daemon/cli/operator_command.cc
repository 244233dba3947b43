#include <cstdio>

#include "base/crypto/random.h"
#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/connection.h"

namespace longhaul::daemon {

int operator_command(const std::string& name, int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {"dry-run"}, {"run-dir", "reason"});
  if (!a) return report_error(a.error());
  if (!a->words.empty())
    return report_error(invalid("usage: longhaul " + name + " [--reason TEXT] [--dry-run] [--run-dir DIR]"));
  const auto c = Connection::open(chosen_run_directory(a->get("run-dir")));
  if (!c) return report_error(c.error());
  const json::object body{{"reason", a->get("reason")}, {"dry_run", a->has("dry-run")}};
  const auto answer = c->post("/api/v1/commands/" + name, body, random_uuid());
  if (!answer) return report_error(answer.error());
  std::printf("%s%s\n", a->has("dry-run") ? "would be accepted: " : "",
              json::string_or(*answer, "message", "accepted").c_str());
  return 0;
}

}  // namespace longhaul::daemon
