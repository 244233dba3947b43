// `longhaul corpus build|verify`: text to corpora and their check, for people and for deploy/corpus.
// Not thread-safe (one call a process).
#pragma once

namespace longhaul::daemon {

// argv[0] is the first word after `corpus`. Prints to standard output and error; returns the exit code:
// 0 done, 2 bad usage or input, 3 failed (disk), 5 verification failed.
int corpus_command(int argc, char** argv);

}  // namespace longhaul::daemon
