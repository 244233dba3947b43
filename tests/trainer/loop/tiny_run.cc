#include "tests/trainer/loop/tiny_run.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/core/check.h"
#include "base/posix/file.h"
#include "base/posix/posix_file_system.h"
#include "base/posix/system_clock.h"
#include "base/posix/unique_fd.h"
#include "trainer/comm/socket.h"
#include "trainer/data/indexed_dataset_writer.h"
#include "trainer/loop/program.h"

namespace longhaul::trainer {
namespace {

int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

// Text with something to learn: each token is mostly a function of the one before.
void write_corpus(const std::string& prefix, int32_t multiplier, int64_t tokens) {
  auto writer = data::IndexedDatasetWriter::create(prefix, data::TokenType::kUint16);
  CHECK(writer.has_value());
  std::vector<int32_t> document;
  uint32_t noise = static_cast<uint32_t>(multiplier);
  int32_t token = 1;
  for (int64_t i = 0; i < tokens; ++i) {
    noise = noise * 1664525u + 1013904223u;
    token = (noise >> 24) < 40 ? static_cast<int32_t>((noise >> 8) % 64) : (token * multiplier + 7) % 64;
    document.push_back(token);
    if (document.size() == 257 || i + 1 == tokens) {
      CHECK(writer->add_document(document).has_value());
      document.clear();
    }
  }
  CHECK(writer->finish().has_value());
}

class Agent {
 public:
  Agent(const std::string& path, const TinyRun::Launch& launch, TinyRun::Result& result)
      : path_(path), launch_(launch), result_(result) {
    ::unlink(path.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_.get(), 64) == 0);
    running.tell = [this](const json::object& command) {
      told_ += json::to_text(command) + "\n";
      for (Connection& c : connections_) send_new(c);
    };
  }
  ~Agent() { ::unlink(path_.c_str()); }

  // False: nobody had anything to say, and nobody is connected.
  bool turn() {
    std::vector<pollfd> waiting{{listener_.get(), POLLIN, 0}};
    for (const Connection& c : connections_) waiting.push_back({c.fd.get(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), 5) <= 0) return !connections_.empty();
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      connections_.push_back({std::move(fd), "", -1, 0});
      send_new(connections_.back());
    }
    for (Connection& c : connections_) hear(c);
    std::erase_if(connections_, [](const Connection& c) { return !c.fd; });
    return true;
  }

  TinyRun::Running running;

 private:
  struct Connection {
    UniqueFd fd;
    std::string heard;
    int64_t rank;
    size_t told;
  };

  void send_new(Connection& c) {
    if (!c.fd) return;
    const ssize_t n = ::send(c.fd.get(), told_.data() + c.told, told_.size() - c.told, MSG_NOSIGNAL);
    if (n > 0) c.told += static_cast<size_t>(n);
  }

  void hear(Connection& c) {
    char buffer[16384];
    ssize_t n;
    while ((n = ::recv(c.fd.get(), buffer, sizeof buffer, 0)) > 0)
      c.heard.append(buffer, static_cast<size_t>(n));
    const bool ended = n == 0 || errno != EAGAIN;
    size_t begin = 0;
    for (size_t end; (end = c.heard.find('\n', begin)) != std::string::npos; begin = end + 1) {
      auto line = json::parse_object(std::string_view(c.heard).substr(begin, end - begin));
      CHECK(line.has_value());
      c.rank = json::int_or(*line, "rank", c.rank);
      (*line)["rank"] = c.rank;
      result_.lines.push_back(*line);
      if (launch_.on_line) launch_.on_line(*line, running);
    }
    c.heard.erase(0, begin);
    if (ended) c.fd.reset();
  }

  std::string path_;
  const TinyRun::Launch& launch_;
  TinyRun::Result& result_;
  UniqueFd listener_;
  std::vector<Connection> connections_;
  std::string told_;
};

}  // namespace

RankPorts real_ports() {
  static const SystemClock clock;
  static PosixFileSystem files;
  return {clock, files, monotonic_us, [] {
            sigset_t pending;
            sigpending(&pending);
            return sigismember(&pending, SIGTERM) == 1;
          }};
}

TinyRun::TinyRun() {
  std::filesystem::create_directories(store());
  write_corpus(folder_ / "one", 5, 6000);
  write_corpus(folder_ / "two", 9, 3000);
  write_config(12);
}

void TinyRun::write_config(int64_t target_steps, const std::string& more, int64_t every_steps) {
  std::ofstream(folder_ / "run.yaml") << fmt::format(R"(version: 1
run: {{name: tiny, seed: 11, target_steps: {}}}
model: {{layers: 2, hidden: 32, heads: 2, sequence_length: 16, vocabulary_size: 64}}
batch: {{micro: 2, global: 12}}
data:
  corpora:
    - {{path: one, weight: 2}}
    - {{path: two, weight: 1}}
optimizer: {{learning_rate: 0.01, min_learning_rate: 0.001, warmup_samples: 24, decay_samples: 2000}}
checkpoint: {{every_steps: {}}}
{})",
                                                     target_steps, every_steps, more);
}

TinyRun::Result TinyRun::run(const Launch& launch) {
  Result result;
  auto master = listen_at({"127.0.0.1", 0});
  const uint16_t port = *port_of(master->get());
  const std::string socket = folder_ / "agent.sock";
  Agent agent(socket, launch, result);
  for (int r = 0; r < launch.ranks; ++r) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      sigset_t stops;
      sigemptyset(&stops);
      sigaddset(&stops, SIGTERM);
      sigprocmask(SIG_BLOCK, &stops, nullptr);
      RankEnvironment environment{r, std::max(launch.ranks, launch.world_size), "127.0.0.1", port};
      if (r == 0) environment.master_fd = master->release();
      environment.agent_socket = socket;
      environment.run_directory = path();
      environment.directed = !launch.generation.empty();
      if (environment.directed) environment.generation = launch.generation;
      environment.branch = launch.branch;
      environment.resume = launch.resume;
      std::_Exit(run_rank(environment, real_ports()));
    }
    agent.running.pids.push_back(pid);
  }
  master->reset();
  result.exit_codes.assign(static_cast<size_t>(launch.ranks), -1);
  bool heard = true;
  for (int left = launch.ranks; left > 0 || heard;) {
    heard = agent.turn();
    for (size_t r = 0; r < agent.running.pids.size(); ++r) {
      int status = 0;
      if (result.exit_codes[r] != -1 || ::waitpid(agent.running.pids[r], &status, WNOHANG) <= 0) continue;
      result.exit_codes[r] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      --left;
    }
  }
  return result;
}

std::map<int64_t, double> TinyRun::Result::losses(int rank) const {
  std::map<int64_t, double> by_step;
  for (const json::object& line : lines) {
    const int64_t step = json::int_or(line, "step", -1);
    if (line.contains("loss") && json::int_or(line, "rank", -1) == rank)
      by_step[step] = *json::get_double(line, "loss");
  }
  return by_step;
}

json::object TinyRun::Result::line_with(const std::string& key, int rank) const {
  for (const json::object& line : lines) {
    if (line.contains(key) && json::int_or(line, "rank", -1) == rank) return line;
  }
  return {};
}

std::string TinyRun::Result::state_digest() const {
  return json::string_or(line_with("state_digest"), "state_digest", "none");
}

std::string TinyRun::Result::error_kind(int rank) const {
  const json::object line = line_with("error", rank);
  return line.empty() ? "" : json::string_or(line.at("error").get_object(), "kind", "");
}

std::vector<std::string> TinyRun::checkpoints() const {
  auto names = list_directory(store() + "/checkpoints");
  return names ? *names : std::vector<std::string>{};
}

void TinyRun::corrupt(const std::string& checkpoint_name, int rank) {
  std::vector<std::string> shards;
  const std::string folder = store() + "/checkpoints/" + checkpoint_name;
  const auto names = list_directory(folder);
  CHECK(names.has_value());
  for (const std::string& name : *names) {
    if (name.ends_with(".safetensors")) shards.push_back(folder + "/" + name);
  }
  const std::string& path = shards.at(static_cast<size_t>(rank));
  const auto middle = static_cast<off_t>(std::filesystem::file_size(path) / 2);
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  char byte = 0;
  CHECK(::pread(fd.get(), &byte, 1, middle) == 1);
  byte = static_cast<char>(byte ^ 0x10);
  CHECK(::pwrite(fd.get(), &byte, 1, middle) == 1);
}

}  // namespace longhaul::trainer
