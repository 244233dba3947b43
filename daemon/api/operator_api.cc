#include "daemon/api/operator_api.h"

#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/core/text.h"

namespace longhaul::daemon {
namespace {

namespace http = telemetry::http;

constexpr size_t kMaxKeys = 1000;
constexpr std::string_view kPrefix = "/api/v1/commands/";
const std::set<std::string> kCommands = {"pause", "resume", "stop", "checkpoint"};

struct Body {
  std::string reason;
  bool dry_run = false;
};

Result<Body> read_body(const std::string& text) {
  Body body;
  if (text.empty()) return body;
  LH_ASSIGN(const auto o, json::parse_object(text));
  for (const auto& field : o) {
    if (field.key() == "reason") {
      LH_ASSIGN(body.reason, json::get_string(o, "reason"));
    } else if (field.key() == "dry_run") {
      LH_ASSIGN(body.dry_run, json::get_bool(o, "dry_run"));
    } else {
      return invalid(
          fmt::format("unknown field '{}'; known are reason and dry_run", std::string(field.key())));
    }
  }
  if (body.reason.size() > 1000)
    return invalid(fmt::format("field 'reason' has {} bytes; at most 1000 are right", body.reason.size()));
  return body;
}

http::Response method_not_allowed(const char* allowed, const char* detail) {
  http::Response response = http::problem(405, "Method not allowed", detail);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

http::Response answer(const Reply& reply, bool dry_run) {
  if (!reply.accepted) return http::problem(409, "Cannot be done now", reply.message);
  const json::object o{{"accepted", true}, {"dry_run", dry_run}, {"message", reply.message}};
  return http::json_response(json::to_text(o));
}

std::string openapi() {
  json::object paths;
  for (const char* route :
       {"/api/v1/run", "/api/v1/metrics", "/api/v1/series", "/api/v1/segments", "/api/v1/events",
        "/api/v1/checkpoints", "/api/v1/nodes", "/healthz", "/readyz"}) {
    const json::object ok{{"200", json::object{{"description", "as docs/api.md"}}}};
    paths[route] = json::object{{"get", json::object{{"responses", ok}}}};
  }
  for (const std::string& command : kCommands) {
    const json::object responses{{"200", json::object{{"description", "accepted"}}},
                                 {"409", json::object{{"description", "cannot be done now; says why"}}}};
    const json::object schema{{"type", "object"},
                              {"properties", json::object{{"reason", json::object{{"type", "string"}}},
                                                          {"dry_run", json::object{{"type", "boolean"}}}}}};
    const json::object content{{"application/json", json::object{{"schema", schema}}}};
    paths[std::string(kPrefix) + command] =
        json::object{{"post", json::object{{"requestBody", json::object{{"content", content}}},
                                           {"responses", responses}}}};
  }
  const json::object o{{"openapi", "3.1.0"},
                       {"info", json::object{{"title", "longhaul operator API"}, {"version", "1"}}},
                       {"paths", std::move(paths)}};
  return json::to_text(o);
}

}  // namespace

struct OperatorApi::Answers {
  std::mutex mutex;
  struct Entry {
    std::string command;
    std::string reason;
    std::optional<http::Response> response;  // empty: still being decided
  };
  std::map<std::string, Entry> by_key;
  std::deque<std::string> order;  // of by_key's keys, oldest first

  void forget(const std::string& key) {
    by_key.erase(key);
    std::erase(order, key);
  }
};

OperatorApi::OperatorApi(DaemonRunView& view, telemetry::publish::Publisher& publisher,
                         RunCommand run_command)
    : view_(view),
      publisher_(publisher),
      run_command_(std::move(run_command)),
      answers_(std::make_shared<Answers>()) {}

void OperatorApi::handle(const http::Request& request, http::Reply reply) {
  if (request.path.starts_with(kPrefix)) {
    const std::string name = request.path.substr(kPrefix.size());
    if (!kCommands.contains(name))
      return reply(http::problem(
          404, "Not found",
          "no command '" + printable(name) + "'; known are pause, resume, stop and checkpoint"));
    if (request.method != "POST") return reply(method_not_allowed("POST", "commands are POST"));
    return command(request, name, std::move(reply));
  }
  if (request.method != "GET") return reply(method_not_allowed("GET, HEAD", "only commands are POST"));
  if (request.path == "/openapi.json") return reply(http::json_response(openapi()));
  if (request.path == "/api/v1/nodes") {
    const json::object o{{"nodes", view_.nodes_with_pids()}};
    return reply(http::json_response(json::to_text(o)));
  }
  reply(publisher_.respond(request));  // never from a cache: an operator has just changed something
}

void OperatorApi::command(const http::Request& request, const std::string& name, http::Reply reply) {
  const auto body = read_body(request.body);
  if (!body) return reply(http::problem(body.error()));
  const std::string* given = request.header("Idempotency-Key");
  const std::string key = given != nullptr && !body->dry_run ? *given : "";
  if (!key.empty()) {
    const std::lock_guard lock(answers_->mutex);
    const auto [known, fresh] =
        answers_->by_key.try_emplace(key, Answers::Entry{name, body->reason, std::nullopt});
    if (!fresh) {
      const Answers::Entry& before = known->second;
      if (before.command != name || before.reason != body->reason) {
        return reply(http::problem(422, "Key used before",
                                   fmt::format("this Idempotency-Key was used for '{}' with the reason '{}'",
                                               before.command, before.reason)));
      }
      if (known->second.response) return reply(*known->second.response);
      return reply(http::problem(409, "Still being decided", "the same request is being decided; ask again"));
    }
    answers_->order.push_back(key);
    if (answers_->order.size() > kMaxKeys) {
      answers_->by_key.erase(answers_->order.front());
      answers_->order.pop_front();
    }
  }
  const std::string who = request.peer_uid ? fmt::format("uid {}", *request.peer_uid) : "unknown";
  const bool dry_run = body->dry_run;
  run_command_(OperatorCommand{name, who, body->reason}, dry_run,
               [answers = answers_, key, dry_run, reply = std::move(reply)](const Reply& decided) {
                 const http::Response response = answer(decided, dry_run);
                 if (!key.empty()) {
                   const std::lock_guard lock(answers->mutex);
                   // A refusal is no outcome: asked again under the same key, it may be accepted.
                   if (!decided.accepted)
                     answers->forget(key);
                   else if (const auto entry = answers->by_key.find(key); entry != answers->by_key.end())
                     entry->second.response = response;
                 }
                 reply(response);
               });
}

}  // namespace longhaul::daemon
