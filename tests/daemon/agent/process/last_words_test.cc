#include "daemon/agent/process/last_words.h"

#include <gtest/gtest.h>

#include "base/json/json.h"
#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

TEST(LastWordsTest, AreTheEndOfTheFileFromALinesBeginning) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/err";
  EXPECT_EQ(last_words(path, 0), "");
  ASSERT_TRUE(write_file_durably(path, "one\ntwo\nthree\n"));
  EXPECT_EQ(last_words(path, 0), "one\ntwo\nthree\n");
  EXPECT_EQ(last_words(path, 0, 8), "three\n");    // "o\n" is cut
  EXPECT_EQ(last_words(path, 4), "two\nthree\n");  // what an earlier rank wrote is not its own
  EXPECT_EQ(last_words(path, 4, 10), "two\nthree\n");
  EXPECT_EQ(last_words(path, 14), "");
  ASSERT_TRUE(write_file_durably(path, std::string(10'000, 'x')));
  EXPECT_EQ(last_words(path, 0).size(), 4096u);  // one endless line is better than none
}

TEST(LastWordsTest, AreUtf8WhateverWasWritten) {
  const std::string good = "ä€𝄞 ok";
  EXPECT_EQ(valid_utf8(good), good);
  EXPECT_EQ(valid_utf8(good.substr(1)), "?€𝄞 ok");
  EXPECT_EQ(valid_utf8("\xC0\x80 \xED\xA0\x80 \xF5 \xF4\x90\x80\x80 \xE2\x82"), "?? ??? ? ???? ??");
  // Any bytes at all survive being written and read as JSON.
  std::string all;
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; second += 5)
      all += {static_cast<char>(first), static_cast<char>(second)};
  const std::string text = valid_utf8(all);
  const auto parsed = json::parse(json::to_text(json::value(text)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(std::string(parsed->as_string()), text);
}

}  // namespace
}  // namespace longhaul::daemon
