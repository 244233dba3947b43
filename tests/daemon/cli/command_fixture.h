// A run directory, and the commands of `longhaul` run in it as main() runs them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/config/example.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {

class CommandTest : public testing::Test {
 protected:
  struct Done {
    int exit_code = -1;
    std::string output;
    std::string errors;
  };
  using Command = std::function<int(int argc, char** argv)>;

  CommandTest() {
    folder_.write("run.yaml", config::example_yaml());
    folder_.write("state/readme", "");
  }

  static Done run(const Command& command, std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Done done;
    done.exit_code = command(static_cast<int>(argv.size()), argv.data());
    done.output = testing::internal::GetCapturedStdout();
    done.errors = testing::internal::GetCapturedStderr();
    return done;
  }
  // The same, with --run-dir of this run.
  Done run_here(const Command& command, std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"--run-dir", folder_.path()});
    return run(command, std::move(words));
  }
  std::string socket() const { return folder_ / "state/operator.sock"; }
  void write_corpora() const {
    for (const char* name : {"en.bin", "en.idx", "de.bin", "de.idx"})
      folder_.write(std::string("corpus/") + name, "x");
  }

  TemporaryFolder folder_;
};

}  // namespace longhaul::daemon
