#include "daemon/cli/corpus_command.h"

#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "trainer/data/corpus_builder.h"
#include "trainer/data/corpus_digests.h"

namespace longhaul::daemon {
namespace {

namespace data = trainer::data;

constexpr const char* kUsage =
    "usage: longhaul corpus build TEXT_DIR --out DIR    manuals (TEXT_DIR/<source>/<locale>/**.html) → "
    "corpora\n"
    "       longhaul corpus verify DIR                  compare the files with DIR/SHA256SUMS\n"
    "deploy/corpus fetches the manuals from Debian packages and calls build.\n";

int usage() {
  std::fputs(kUsage, stderr);
  return 2;
}

int failed(const Error& error) {
  fmt::print(stderr, "longhaul corpus: {}\n", error.message);
  switch (error.code) {
    case ErrorCode::kCorrupt:
      return 5;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
      return 2;
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kTimeout:
    case ErrorCode::kClosed:
    case ErrorCode::kDenied:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal:
      return 3;
  }
  return 3;
}

int build(const std::string& text_dir, const std::string& out_dir) {
  const auto report = data::build_corpus(text_dir, out_dir);
  if (!report) return failed(report.error());
  for (const auto& l : report->languages) {
    fmt::print(
        "{:<22} {:>7.2f} MB  weight {:.4f}  {} documents, {} untranslated and {} repeated lines dropped\n",
        l.name, static_cast<double>(l.tokens) / 1e6, l.weight, l.documents, l.untranslated_lines,
        l.repeated_lines);
  }
  fmt::print("{} languages, {:.1f} MB of text in {}\n", report->languages.size(),
             static_cast<double>(report->tokens) / 1e6, out_dir);
  return 0;
}

int verify(const std::string& dir) {
  if (const auto verified = data::verify_corpus(dir); !verified) return failed(verified.error());
  fmt::print("{}: every file is as it was built\n", dir);
  return 0;
}

}  // namespace

int corpus_command(int argc, char** argv) {
  if (argc < 2) return usage();
  const std::string_view command = argv[0];
  const std::string folder = argv[1];
  if (command == "build" && argc == 4 && std::string_view(argv[2]) == "--out") return build(folder, argv[3]);
  if (command == "verify" && argc == 2) return verify(folder);
  return usage();
}

}  // namespace longhaul::daemon
