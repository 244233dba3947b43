#include "base/core/text.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Text, ShortTextStaysAsItIs) { EXPECT_EQ(shorten("größe", 7), "größe"); }

TEST(Text, LongTextIsCutBetweenTwoCharactersWhereverTheCutFalls) {
  const std::string euros = "€€€€€€€€€€";  // 3 bytes each
  EXPECT_EQ(shorten(euros, 12), "€€€...");
  EXPECT_EQ(shorten(euros, 13), "€€€...");
  EXPECT_EQ(shorten(euros, 14), "€€€...");
  EXPECT_EQ(shorten(euros, 15), "€€€€...");
  EXPECT_EQ(shorten("\x80\x80\x80\x80\x80", 4), "...");
}

TEST(Text, BytesThatAreNoPlainTextBecomeQuestionMarks) {
  EXPECT_EQ(printable(std::string_view("a\0\n\x7f\xff~", 6)), "a????~");
}

TEST(Text, Utf8IsWhatTheStandardSaysAndNothingElse) {
  for (const char* good : {"", "a", "größe", "€", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"\xff", "\x80", "a\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xE2\x82g"})
    EXPECT_FALSE(is_utf8(bad)) << printable(bad);
  EXPECT_EQ(as_text("größe"), "größe");
  EXPECT_EQ(as_text("gr\xF6\x7A"), "gr?z");
}

}  // namespace
}  // namespace longhaul
