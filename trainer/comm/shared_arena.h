// Memory that the ranks of one machine can read of each other: a sealed memfd, mapped by its owner for
// writing and by peers for reading. What a dead rank has shared stays readable while someone maps it.
// Thread-safety: plain memory; who may touch what when is the business of the collectives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/core/clock.h"
#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul::trainer {

class SharedArena {
 public:
  SharedArena() = default;
  // Zeroed. kNoSpace when the machine has not so much memory to give.
  static Result<SharedArena> create(int64_t size_bytes);
  SharedArena(SharedArena&& other) noexcept;
  SharedArena& operator=(SharedArena&& other) noexcept;
  ~SharedArena();

  std::span<std::byte> bytes() const { return bytes_; }
  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

  // Through a connected Unix socket. The receiver gets a mapping that it must not write to.
  Result<> send(int socket, const Clock& clock, int64_t deadline_ms) const;
  static Result<SharedArena> receive(int socket, const Clock& clock, int64_t deadline_ms);

 private:
  static Result<SharedArena> map(UniqueFd fd, int64_t size_bytes, int protection);

  UniqueFd fd_;
  std::span<std::byte> bytes_;
};

}  // namespace longhaul::trainer
