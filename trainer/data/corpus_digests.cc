#include "trainer/data/corpus_digests.h"

#include <string_view>

#include "base/crypto/sha256.h"
#include "base/posix/file.h"

namespace longhaul::trainer::data {

Result<> write_corpus_digests(const std::string& dir) {
  LH_ASSIGN(const auto names, list_directory(dir));
  std::string sums;
  for (const auto& name : names) {
    LH_ASSIGN(const std::string bytes, read_file(dir + "/" + name));
    sums += sha256_hex(bytes) + "  " + name + "\n";  // as sha256sum(1) writes it, so that it can check it
  }
  return write_file_durably(dir + "/" + kCorpusDigests, sums);
}

Result<> verify_corpus(const std::string& dir) {
  LH_ASSIGN(std::string sums, read_file(dir + "/" + kCorpusDigests));
  for (std::string_view rest = sums; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.size() < 67 || line.substr(64, 2) != "  ")
      return corrupt(dir + "/" + kCorpusDigests + ": not sha256sum's format");
    const std::string path = dir + "/" + std::string(line.substr(66));
    LH_ASSIGN(const std::string bytes, read_file(path));
    if (sha256_hex(bytes) != line.substr(0, 64)) return corrupt(path + ": differs from " + kCorpusDigests);
  }
  return {};
}

}  // namespace longhaul::trainer::data
