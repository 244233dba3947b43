// Framing of the daemon–agent stream: u32 little-endian length, then that many bytes of JSON.
// Pure; one decoder a connection, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace longhaul::wire {

inline constexpr size_t kMaxFrameBytes = 8 << 20;

// payload must not exceed kMaxFrameBytes.
std::string encode_frame(std::string_view payload);

class FrameDecoder {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame, nothing when more bytes are needed, kInvalid when the announced length is 0 or
  // above the maximum (the stream is unusable from there on).
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
  size_t taken_ = 0;  // bytes at the front already given out
};

}  // namespace longhaul::wire
