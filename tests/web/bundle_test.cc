#include "web/bundle/bundle.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/crypto/sha256.h"

namespace longhaul::web {
namespace {

TEST(Bundle, EmbedsEveryFileWithTheBytesThatItsNameAndTagPromise) {
  ASSERT_FALSE(assets().empty());
  for (const Asset& asset : assets()) {
    const std::string digest = sha256_hex(asset.raw);
    EXPECT_EQ(asset.etag, "\"" + digest.substr(0, 16) + "\"") << asset.path;
    if (asset.immutable) {
      EXPECT_NE(asset.path.find("-" + digest.substr(0, 10) + "."), std::string_view::npos) << asset.path;
    }
    EXPECT_EQ(asset.gz.substr(0, 2), "\x1f\x8b") << asset.path;
    EXPECT_LT(asset.gz.size(), asset.raw.size()) << asset.path;
    EXPECT_LT(asset.br.size(), asset.gz.size()) << asset.path;
  }
}

TEST(Bundle, ThePageNamesOnlyFilesThatAreEmbedded) {
  ASSERT_EQ(assets().front().path, "/index.html");
  EXPECT_FALSE(assets().front().immutable);
  std::set<std::string> held;
  for (const Asset& asset : assets()) held.insert(std::string(asset.path));
  const std::string html(assets().front().raw);
  size_t named = 0;
  for (size_t at = html.find("\"assets/"); at != std::string::npos; at = html.find("\"assets/", at + 1)) {
    const std::string path = "/" + html.substr(at + 1, html.find('"', at + 1) - at - 1);
    EXPECT_TRUE(held.contains(path)) << path;
    ++named;
  }
  EXPECT_EQ(named, assets().size() - 1) << "a file that nothing names";
}

TEST(Bundle, TheFirstLoadIsAtMost60Kilobytes) {
  size_t bytes = 0;
  for (const Asset& asset : assets()) {
    if (asset.content_type != "text/plain; charset=utf-8") bytes += asset.br.size();
  }
  EXPECT_LE(bytes, 60'000U);
}

}  // namespace
}  // namespace longhaul::web
