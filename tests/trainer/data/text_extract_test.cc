#include "trainer/data/text_extract.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

using Lines = std::vector<std::string>;

TEST(ExtractLines, ParagraphsBecomeLinesAndInlineMarkupDisappears) {
  EXPECT_EQ(
      extract_lines("<html><head><title>Not text</title></head><body><h1>One</h1>\n"
                    "<p>A <em>word</em>\n   and\tmore.</p><ul><li>x</li><li>y</li></ul>tail</body></html>"),
      (Lines{"One", "A word and more.", "x", "y", "tail"}));
}

TEST(ExtractLines, ScriptsStylesCommentsAndNavigationAreNoText) {
  EXPECT_EQ(extract_lines(
                "<p>a</p><script>if (1 < 2) { x(\"</p>\"); }</script><style>p { }</style><!-- <p>b</p> -->"
                "<div class=\"navheader\"><div>Next</div><table><tr><td>Back</td></tr></table></div>"
                "<ul class=\"docnav\"><li>Up</li></ul><p>c</p>"),
            (Lines{"a", "c"}));
}

TEST(ExtractLines, PeoplesNamesAndAddressesAreLeftOut) {
  EXPECT_EQ(extract_lines("<page><info><credit type=\"author\"><name>A B</name><email>a@b.c</email></credit>"
                          "<mal:credit><mal:name>C</mal:name><mal:years>2010</mal:years></mal:credit>"
                          "<desc>About this.</desc></info><title>T</title><p>Text</p></page>"),
            (Lines{"About this.", "T", "Text"}));
}

TEST(ExtractLines, VerbatimTextKeepsItsLines) {
  EXPECT_EQ(
      extract_lines(
          "<p>Run\nthis:</p><pre class=\"screen\"># apt-get update\n# apt-get install &lt;x&gt;\n</pre>"
          "<screen><![CDATA[$ ls <a>\n$ cd]]></screen><p>and\nthen</p>"),
      (Lines{"Run this:", "# apt-get update", "# apt-get install <x>", "$ ls <a>", "$ cd", "and then"}));
}

TEST(ExtractLines, BrokenMarkupNeverFails) {
  for (const char* broken :
       {"<", "<p", "a<", "</", "<!--", "<![CDATA[", "<![CDATA[]]", "&", "&#;", "&#x;", "<>", "<//>",
        "<script>", "</script>", "&#99999999999;", "<p>&amp", "<?xml", "<a href=\"x>y\">"}) {
    extract_lines(broken);  // under the sanitizers this is the test
  }
  EXPECT_EQ(extract_lines("a<b"), (Lines{"a"}));
  EXPECT_EQ(extract_lines("</div></p>text<p>"), (Lines{"text"}));
}

TEST(ExtractLines, TheTextIsAlwaysUtf8) {
  EXPECT_EQ(extract_lines("<p>gr\xC3\xBC\xC3\x9F</p>"), (Lines{"grüß"}));
  EXPECT_EQ(extract_lines("<p>\xFF \xC3( \xED\xA0\x80 \xC0\xAF</p>"),
            (Lines{"\uFFFD \uFFFD( \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD"}));
  EXPECT_EQ(extract_lines("<p>日本語 हिन्दी 😀</p>"), (Lines{"日本語 हिन्दी 😀"}));
}

}  // namespace
}  // namespace longhaul::trainer::data
