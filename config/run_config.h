// The run's configuration as plain values. config/load.h makes it from YAML and checks it; nothing
// else builds one except tests. Paths are absolute after loading.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longhaul::config {

struct Run {
  std::string name;
  std::string title;        // one line for the public page; empty: name
  std::string description;  // one sentence for the public page
  uint64_t seed = 42;
  int64_t target_steps = 0;
};

struct Paths {
  std::string state;  // local to the daemon
  std::string store;  // shared by all nodes
  std::string node;   // local to each node; <node>/<node name>/ belongs to one node
};

struct Cluster {
  std::string launcher = "local";  // so far the only one
  int nodes = 1;
  int ranks_per_node = 1;
  int spares = 0;
  int64_t orphan_timeout_ms = 600'000;  // an agent without a daemon for so long stops its ranks
};

struct Trainer {
  std::string kind = "longhaul";     // longhaul | command
  std::vector<std::string> command;  // kind: command only
};

struct Model {
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t sequence_length = 0;
  int64_t vocabulary_size = 0;
};

struct Parallel {
  int tensor = 1;
  int pipeline = 1;
  int data = 1;
  int ranks() const { return tensor * pipeline * data; }
};

struct Batch {
  int64_t micro = 1;   // samples in one micro-batch
  int64_t global = 1;  // samples in one step
};

struct Corpus {
  std::string path;  // without the .bin/.idx ending
  double weight = 1.0;
  std::string name;  // for people: "German"; empty: the last part of the path
};

struct Data {
  std::vector<Corpus> corpora;
};

struct Optimizer {
  double learning_rate = 0;
  double min_learning_rate = 0;
  int64_t warmup_samples = 0;
  int64_t decay_samples = 0;  // cosine from learning_rate to min_learning_rate ends here
  double weight_decay = 0.1;
  double clip = 1.0;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
};

struct Checkpoint {
  int64_t every_steps = 100;
  int keep_last = 3;
};

struct Recovery {
  int restart_budget = 20;   // restarts in hand; one comes back with every checkpoint
  int64_t backoff_ms = 200;  // before the first restart without progress; doubles each time
  int64_t backoff_max_ms = 30'000;
  int64_t agent_silence_ms = 10'000;       // then the node is Suspect; twice that: Down
  int64_t start_timeout_ms = 120'000;      // launch → first step
  int64_t step_timeout_floor_ms = 60'000;  // no step for max(this, 10 × the usual step) is a hang
  int64_t stop_grace_ms = 60'000;          // SIGTERM (save and exit) → SIGKILL
};

struct Telemetry {
  std::string listen = "127.0.0.1:8080";
  std::string metrics_listen = "127.0.0.1:9400";
};

struct RunConfig {
  Run run;
  Paths paths;
  Cluster cluster;
  Trainer trainer;
  Model model;
  Parallel parallel;
  Batch batch;
  Data data;
  Optimizer optimizer;
  Checkpoint checkpoint;
  Recovery recovery;
  Telemetry telemetry;
};

}  // namespace longhaul::config
