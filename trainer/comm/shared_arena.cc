#include "trainer/comm/shared_arena.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/posix/error.h"
#include "trainer/comm/socket.h"

namespace longhaul::trainer {
namespace {

constexpr uint64_t kArenaMagic = 0x616e6572612d484cull;  // "LH-arena"

struct Note {
  uint64_t magic = 0;
  int64_t size_bytes = 0;
};

}  // namespace

SharedArena::SharedArena(SharedArena&& other) noexcept
    : fd_(std::move(other.fd_)), bytes_(std::exchange(other.bytes_, {})) {}

SharedArena& SharedArena::operator=(SharedArena&& other) noexcept {
  if (this == &other) return *this;
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  fd_ = std::move(other.fd_);
  bytes_ = std::exchange(other.bytes_, {});
  return *this;
}

SharedArena::~SharedArena() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<SharedArena> SharedArena::map(UniqueFd fd, int64_t size_bytes, int protection) {
  SharedArena arena;
  if (size_bytes > 0) {
    void* at = ::mmap(nullptr, static_cast<size_t>(size_bytes), protection, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return errno_error("map shared memory");
    // Fewer page faults where the system allows it; no matter if not.
    ::madvise(at, static_cast<size_t>(size_bytes), MADV_HUGEPAGE);
    arena.bytes_ = {static_cast<std::byte*>(at), static_cast<size_t>(size_bytes)};
  }
  arena.fd_ = std::move(fd);
  return arena;
}

Result<SharedArena> SharedArena::create(int64_t size_bytes) {
  UniqueFd fd(::memfd_create("longhaul-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return errno_error("memfd_create");
  // Allocated now: a page that cannot be had later would be a SIGBUS in the middle of a step.
  if (size_bytes > 0 && ::fallocate(fd.get(), 0, 0, size_bytes) != 0)
    return errno_error("allocate shared memory");
  // A peer relies on the size; nobody can cut it under its feet.
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return errno_error("seal shared memory");
  }
  return map(std::move(fd), size_bytes, PROT_READ | PROT_WRITE);
}

Result<> SharedArena::send(int socket, const Clock& clock, int64_t deadline_ms) const {
  Note note{kArenaMagic, static_cast<int64_t>(bytes_.size())};
  iovec part{&note, sizeof note};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = fd_.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  for (;;) {
    // 16 bytes on a stream socket go whole or not at all.
    const ssize_t n = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == sizeof note) return {};
    if (n >= 0) return Error{ErrorCode::kIo, "half a message was sent"};
    if (errno == EAGAIN) {
      LH_TRY(wait_ready(socket, POLLOUT, clock, deadline_ms));
    } else if (errno != EINTR) {
      return Error{ErrorCode::kClosed, std::string("share memory: ") + std::strerror(errno)};
    }
  }
}

Result<SharedArena> SharedArena::receive(int socket, const Clock& clock, int64_t deadline_ms) {
  Note note;
  iovec part{&note, sizeof note};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  ssize_t n = -1;
  msghdr message{};
  while (n < 0) {
    message = msghdr{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN)
      return Error{ErrorCode::kClosed, std::string("receive memory: ") + std::strerror(errno)};
    LH_TRY(wait_ready(socket, POLLIN, clock, deadline_ms));
  }
  if (n == 0) return Error{ErrorCode::kClosed, "the peer closed the connection"};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  UniqueFd fd;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int received = -1;
    std::memcpy(&received, CMSG_DATA(header), sizeof received);
    fd.reset(received);
  }
  if (n != sizeof note || note.magic != kArenaMagic || !fd)
    return corrupt("expected shared memory from a peer");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat shared memory");
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (info.st_size != note.size_bytes || seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return corrupt("a peer's shared memory is not what it says");
  }
  return map(std::move(fd), note.size_bytes, PROT_READ);
}

}  // namespace longhaul::trainer
