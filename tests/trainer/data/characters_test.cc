#include "trainer/data/characters.h"

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

TEST(DecodeEntities, NumbersAndNamesBecomeCharactersAndTheRestStays) {
  EXPECT_EQ(decode_entities("&lt;a&gt; &amp;amp; &#228;&#xE4; &#x1F600; &hellip; &unknown; & &;"),
            "<a> &amp; ää 😀 … &unknown; & &;");
  EXPECT_EQ(decode_entities("&#0; &#xD800; &#x110000;"), "\uFFFD \uFFFD \uFFFD");
}

TEST(RepairUtf8, ValidTextIsUntouchedAndEachBadByteIsReplaced) {
  EXPECT_EQ(repair_utf8("a é 日 😀 \xEF\xBF\xBF"), "a é 日 😀 \xEF\xBF\xBF");
  EXPECT_EQ(repair_utf8("\xE6\x97"), "\uFFFD\uFFFD");                      // cut off
  EXPECT_EQ(repair_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
  EXPECT_EQ(repair_utf8("\xE0\x80\xAF"), "\uFFFD\uFFFD\uFFFD");            // overlong
}

}  // namespace
}  // namespace longhaul::trainer::data
