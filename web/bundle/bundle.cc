#include "web/bundle/bundle.h"

#include <array>

// .incbin puts a file into .rodata between two symbols: nothing to compile, whatever the size.
// NOLINTBEGIN(hicpp-no-assembler)
#define LONGHAUL_EMBED(SYMBOL, FILE)                                                            \
  asm(".pushsection .rodata\n.global longhaul_web_" SYMBOL "\n.balign 16\nlonghaul_web_" SYMBOL \
      ":\n.incbin \"" FILE "\"\n.global longhaul_web_" SYMBOL "_end\nlonghaul_web_" SYMBOL      \
      "_end:\n.byte 0\n.popsection\n");

#define LONGHAUL_ASSET(N, PATH, TYPE, FILE, DIGEST, IMMUTABLE)              \
  LONGHAUL_EMBED(#N "_raw", LONGHAUL_WEB_BUNDLE FILE)                       \
  LONGHAUL_EMBED(#N "_gz", LONGHAUL_WEB_BUNDLE FILE ".gz")                  \
  LONGHAUL_EMBED(#N "_br", LONGHAUL_WEB_BUNDLE FILE ".br")                  \
  extern "C" {                                                              \
  extern const char longhaul_web_##N##_raw[], longhaul_web_##N##_raw_end[]; \
  extern const char longhaul_web_##N##_gz[], longhaul_web_##N##_gz_end[];   \
  extern const char longhaul_web_##N##_br[], longhaul_web_##N##_br_end[];   \
  }
#include "web/bundle/assets.inc"
#undef LONGHAUL_ASSET
// NOLINTEND(hicpp-no-assembler)

namespace longhaul::web {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::span<const Asset> assets() {
#define LONGHAUL_BYTES(N, KIND) between(longhaul_web_##N##_##KIND, longhaul_web_##N##_##KIND##_end)
#define LONGHAUL_ASSET(N, PATH, TYPE, FILE, DIGEST, IMMUTABLE) \
  Asset{PATH,                                                  \
        TYPE,                                                  \
        LONGHAUL_BYTES(N, raw),                                \
        LONGHAUL_BYTES(N, gz),                                 \
        LONGHAUL_BYTES(N, br),                                 \
        "\"" DIGEST "\"",                                      \
        IMMUTABLE},
  static const std::array all = {
#include "web/bundle/assets.inc"
  };
#undef LONGHAUL_ASSET
#undef LONGHAUL_BYTES
  return all;
}

}  // namespace longhaul::web
