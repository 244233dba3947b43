// A whole run in a temporary folder: two small corpora, run.yaml, and ranks as forked processes with this
// process as their agent.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/json/json.h"
#include "tests/support/temporary_folder.h"
#include "trainer/loop/environment.h"
#include "trainer/loop/rank.h"

namespace longhaul::trainer {

// Ports of a real process; stop_requested: a blocked SIGTERM is pending.
RankPorts real_ports();

class TinyRun {
 public:
  TinyRun();
  TinyRun(const TinyRun&) = delete;
  TinyRun& operator=(const TinyRun&) = delete;

  std::string path() const { return folder_.path(); }
  std::string store() const { return folder_ / "store"; }
  void write_config(int64_t target_steps, const std::string& more = "", int64_t every_steps = 4);

  struct Running {
    std::vector<pid_t> pids;
    // To all ranks, from now on also to those that connect later.
    std::function<void(const json::object&)> tell;
  };
  struct Launch {
    int ranks = 1;
    std::string generation = "1.1";  // empty: undirected
    std::string resume;
    int64_t branch = 0;
    // Called for each line of any rank; "rank" is added.
    std::function<void(const json::object&, Running&)> on_line;
    int world_size = 0;  // 0: ranks; more: the others never come
  };
  struct Result {
    std::vector<int> exit_codes;  // 128 + signal when killed
    std::vector<json::object> lines;

    std::map<int64_t, double> losses(int rank = 0) const;  // by step
    std::string state_digest() const;                      // from rank 0's last line
    // The first line of the rank that has the key; empty object if none.
    json::object line_with(const std::string& key, int rank = 0) const;
    std::string error_kind(int rank = 0) const;
  };
  Result run(const Launch& launch);

  // Folder names of what is committed or torn, sorted.
  std::vector<std::string> checkpoints() const;
  // Flips a bit in the middle of some shard file of the checkpoint.
  void corrupt(const std::string& checkpoint_name, int rank = 0);

 private:
  TemporaryFolder folder_;
};

}  // namespace longhaul::trainer
