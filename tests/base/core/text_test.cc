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

}  // namespace
}  // namespace longhaul
