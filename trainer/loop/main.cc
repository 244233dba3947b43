// longhaul-trainer: one rank of a training run.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <time.h>
#include <unistd.h>

#include "base/posix/posix_file_system.h"
#include "base/posix/system_clock.h"
#include "trainer/loop/program.h"

namespace {

int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

int64_t memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? int64_t{pages} * ::sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A stop is seen at a step boundary, by asking; nothing runs inside a signal handler.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  sigprocmask(SIG_BLOCK, &stops, nullptr);
  // It stays pending, so every later question gets the same answer.
  const auto stop_requested = [] {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
  };

  longhaul::SystemClock clock;
  longhaul::PosixFileSystem files;
  return longhaul::trainer::run_program(
      std::vector<std::string>(argv + 1, argv + argc), [](const char* name) { return std::getenv(name); },
      {clock, files, monotonic_us, stop_requested, memory_bytes()}, std::cout, std::cerr);
}
