#include "wire/codec/frame.h"

#include <fmt/format.h>

#include "base/core/check.h"

namespace longhaul::wire {

std::string encode_frame(std::string_view payload) {
  CHECK(!payload.empty() && payload.size() <= kMaxFrameBytes);
  std::string frame;
  frame.reserve(payload.size() + 4);
  for (int shift = 0; shift < 32; shift += 8)
    frame.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  frame.append(payload);
  return frame;
}

Result<std::optional<std::string>> FrameDecoder::next() {
  if (buffer_.size() - taken_ < 4) {
    buffer_.erase(0, std::exchange(taken_, 0));
    return std::optional<std::string>();
  }
  size_t length = 0;
  for (int i = 0; i < 4; ++i)
    length |= size_t{static_cast<uint8_t>(buffer_[taken_ + static_cast<size_t>(i)])} << (8 * i);
  if (length == 0 || length > kMaxFrameBytes) {
    return invalid(fmt::format("frame of {} bytes; it must be 1 to {}", length, kMaxFrameBytes));
  }
  if (buffer_.size() - taken_ < 4 + length) {
    buffer_.erase(0, std::exchange(taken_, 0));
    return std::optional<std::string>();
  }
  std::string payload = buffer_.substr(taken_ + 4, length);
  taken_ += 4 + length;
  return std::optional<std::string>(std::move(payload));
}

}  // namespace longhaul::wire
