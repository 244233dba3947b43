#include <cstdio>
#include <thread>

#include <unistd.h>

#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/connection.h"
#include "daemon/cli/format.h"

namespace longhaul::daemon {
namespace {

// What --json prints: the run, with its nodes (and their process ids) besides.
Result<json::object> whole_status(const Connection& c) {
  LH_ASSIGN(auto run, c.get("/api/v1/run"));
  LH_ASSIGN(auto nodes, c.get("/api/v1/nodes"));
  json::object counts;
  if (const auto counted = json::get_object(run, "nodes")) counts = *counted;
  run["node_counts"] = std::move(counts);
  run["nodes"] = nodes["nodes"];
  return run;
}

Result<> show(const Connection& c, bool as_json, bool clear) {
  LH_ASSIGN(const auto status, whole_status(c));
  if (clear) std::fputs("\x1b[H\x1b[2J", stdout);
  std::fputs(as_json ? (json::to_text(status) + "\n").c_str() : status_text(status, status).c_str(), stdout);
  std::fflush(stdout);
  return {};
}

}  // namespace

int status_command(int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {"json", "watch"}, {"run-dir"});
  if (!a) return report_error(a.error());
  if (!a->words.empty())
    return report_error(invalid("usage: longhaul status [--json] [--watch] [--run-dir DIR]"));
  const auto c = Connection::open(chosen_run_directory(a->get("run-dir")));
  if (!c) return report_error(c.error());
  for (;;) {
    const auto shown = show(*c, a->has("json"), a->has("watch") && !a->has("json") && isatty(1) == 1);
    if (!shown && !a->has("watch")) return report_error(shown.error());
    if (!shown) std::fprintf(stderr, "longhaul: %s; trying again\n", shown.error().message.c_str());
    if (!a->has("watch")) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int nodes_command(int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {"json"}, {"run-dir"});
  if (!a) return report_error(a.error());
  if (!a->words.empty()) return report_error(invalid("usage: longhaul nodes [--json] [--run-dir DIR]"));
  const auto c = Connection::open(chosen_run_directory(a->get("run-dir")));
  if (!c) return report_error(c.error());
  const auto nodes = c->get("/api/v1/nodes");
  if (!nodes) return report_error(nodes.error());
  std::fputs(a->has("json") ? (json::to_text(*nodes) + "\n").c_str() : nodes_text(*nodes).c_str(), stdout);
  return 0;
}

}  // namespace longhaul::daemon
