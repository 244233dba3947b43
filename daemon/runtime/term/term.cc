#include "daemon/runtime/term/term.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <unistd.h>

#include "base/crypto/random.h"
#include "base/json/json.h"
#include "base/posix/file.h"
#include "config/identity.h"

namespace longhaul::daemon {
namespace {

constexpr int kAttempts = 100;

Result<int64_t> highest_term(const std::string& folder) {
  LH_ASSIGN(const auto names, list_directory(folder));
  int64_t highest = 0;
  for (const std::string& name : names) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) highest = std::max(highest, number);
  }
  return highest;
}

std::string term_path(const std::string& store, int64_t number) {
  return fmt::format("{}/terms/{:06}", store, number);
}

// The identities are "key=value key=value …": what is in one and not in the other.
std::string difference(const std::string& before, const std::string& now) {
  const auto words = [](const std::string& text) {
    std::vector<std::string> list;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      list.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return list;
  };
  const auto old_words = words(before), new_words = words(now);
  std::string text;
  for (const auto& word : old_words) {
    if (std::find(new_words.begin(), new_words.end(), word) == new_words.end()) text += " " + word;
  }
  text += ", now";
  for (const auto& word : new_words) {
    if (std::find(old_words.begin(), old_words.end(), word) == old_words.end()) text += " " + word;
  }
  return text;
}

std::string document_path(const std::string& store) { return store + "/documents/run.json"; }

// The UUID of the run that the store belongs to, when it is this one.
Result<std::string> compare_identity(const std::string& store, const config::RunConfig& config) {
  const std::string path = document_path(store);
  const std::string identity = config::identity_text(config);
  LH_ASSIGN(const std::string text, read_file(path));
  auto parsed = json::parse_object(text);
  if (!parsed) return std::move(parsed.error()).with_context(path);
  LH_ASSIGN(const std::string run, json::get_string(*parsed, "run"));
  LH_ASSIGN(const std::string before, json::get_string(*parsed, "identity"));
  if (run != config.run.name) {
    return Error{ErrorCode::kConflict,
                 fmt::format("{} belongs to run '{}'; run.name is '{}': use another run directory", store,
                             run, config.run.name)};
  }
  if (before != identity) {
    return Error{
        ErrorCode::kConflict,
        fmt::format(
            "{} was trained with another configuration:{}; these make it another run: use another run "
            "directory, or put the values back",
            store, difference(before, identity))};
  }
  auto uuid = json::get_string(*parsed, "uuid");
  if (!uuid) return std::move(uuid.error()).with_context(path);
  return uuid;
}

}  // namespace

Result<Term> claim_term(const std::string& store) {
  const std::string folder = store + "/terms";
  LH_TRY(make_directories(folder));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    LH_ASSIGN(const int64_t highest, highest_term(folder));
    const Term term{highest + 1, random_uuid()};
    const auto created = create_file_exclusively(term_path(store, term.number), term.uuid + "\n");
    if (created) return term;
    if (created.error().code != ErrorCode::kConflict) return created.error();
  }
  return Error{ErrorCode::kConflict, folder + ": other daemons keep claiming terms"};
}

Result<bool> holds_term(const std::string& store, const Term& term) {
  LH_ASSIGN(const int64_t highest, highest_term(store + "/terms"));
  return highest == term.number;
}

Result<> publish_address(const std::string& store, const Term& term, const std::string& address) {
  LH_TRY(make_directories(store + "/documents"));
  const json::object o{{"address", address}, {"term", term.number}, {"uuid", term.uuid}};
  return write_file_durably(store + "/documents/daemon.json", json::to_text(o) + "\n");
}

Result<> publish_generation(const std::string& store, const Generation& generation) {
  const std::string folder = store + "/generations";
  LH_TRY(make_directories(folder));
  const auto created = create_file_exclusively(folder + "/" + generation.text(), "");
  if (!created && created.error().code != ErrorCode::kConflict) return created;
  // The newest name counts, so whoever writes an older one late changes nothing.
  LH_ASSIGN(const auto names, list_directory(folder));
  for (const std::string& name : names) {
    const auto other = parse_generation(name);
    if (!other || *other == generation) continue;
    if (*other > generation)
      return Error{ErrorCode::kDenied, fmt::format("generation {} was launched by a newer daemon", name)};
    ::unlink((folder + "/" + name).c_str());
  }
  return {};
}

Result<std::string> check_identity(const std::string& store, const config::RunConfig& config) {
  const std::string path = document_path(store);
  LH_TRY(make_directories(store + "/documents"));
  if (!path_exists(path)) {
    const json::object o{
        {"run", config.run.name}, {"identity", config::identity_text(config)}, {"uuid", random_uuid()}};
    const auto created = create_file_exclusively(path, json::to_text(o) + "\n");
    if (!created && created.error().code != ErrorCode::kConflict) return created.error();
  }
  return compare_identity(store, config);
}

Result<> fits_store(const std::string& store, const config::RunConfig& config) {
  if (!path_exists(document_path(store))) return {};
  LH_TRY(compare_identity(store, config));
  return {};
}

}  // namespace longhaul::daemon
