#include "wire/codec/frame.h"

#include <vector>

#include <gtest/gtest.h>

namespace longhaul::wire {
namespace {

TEST(Frame, ComesOutWholeHoweverTheBytesArrive) {
  const std::string stream =
      encode_frame("{}") + encode_frame(std::string(70000, 'x')) + encode_frame("last");
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{4096}, stream.size()}) {
    FrameDecoder decoder;
    std::vector<std::string> frames;
    for (size_t at = 0; at < stream.size(); at += piece) {
      decoder.feed(std::string_view(stream).substr(at, piece));
      for (auto frame = decoder.next().value(); frame; frame = decoder.next().value())
        frames.push_back(*frame);
    }
    EXPECT_EQ(frames, (std::vector<std::string>{"{}", std::string(70000, 'x'), "last"})) << piece;
  }
}

TEST(Frame, RefusesAnEmptyOrHugeLength) {
  FrameDecoder zero;
  zero.feed(std::string_view("\0\0\0\0", 4));
  EXPECT_FALSE(zero.next());
  FrameDecoder huge;
  huge.feed("\xff\xff\xff\xff");
  EXPECT_EQ(huge.next().error().message, "frame of 4294967295 bytes; it must be 1 to 8388608");
}

}  // namespace
}  // namespace longhaul::wire
