#include <cstdio>
#include <thread>

#include "daemon/cli/arguments.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/connection.h"
#include "daemon/cli/format.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kPage = 200;

// Prints the events after `after` and moves it to the last one printed, also when a later page fails.
Result<> print_after(const Connection& c, int64_t& after, bool as_json) {
  for (;;) {
    LH_ASSIGN(const auto answer, c.get("/api/v1/events?order=asc&limit=" + std::to_string(kPage) +
                                       "&after=" + std::to_string(after)));
    LH_ASSIGN(const auto events, json::get_array(answer, "events"));
    for (const json::value& e : events) {
      if (!e.is_object()) continue;
      std::puts(as_json ? json::to_text(e).c_str() : event_line(e.get_object()).c_str());
      after = std::max(after, json::int_or(e.get_object(), "id", after));
    }
    std::fflush(stdout);
    if (static_cast<int64_t>(events.size()) < kPage) return {};
  }
}

}  // namespace

int events_command(int argc, char** argv) {
  const auto a = parse_arguments(argc, argv, {"json", "follow"}, {"run-dir"});
  if (!a) return report_error(a.error());
  if (!a->words.empty())
    return report_error(invalid("usage: longhaul events [--json] [--follow] [--run-dir DIR]"));
  const auto c = Connection::open(chosen_run_directory(a->get("run-dir")));
  if (!c) return report_error(c.error());
  int64_t after = 0;
  for (;;) {
    const auto printed = print_after(*c, after, a->has("json"));
    if (!printed && !a->has("follow")) return report_error(printed.error());
    if (!a->has("follow")) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace longhaul::daemon
