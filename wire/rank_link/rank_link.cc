#include "wire/rank_link/rank_link.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/core/log.h"
#include "base/posix/error.h"

namespace longhaul::wire {

Result<RankLink> RankLink::open(const std::string& socket_path) {
  RankLink link;
  if (socket_path.empty()) return link;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    return invalid(fmt::format("the agent's socket path is longer than {} bytes: {}",
                               sizeof address.sun_path - 1, socket_path));
  }
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != ENOENT && errno != ECONNREFUSED)
      return errno_error("connect to the agent at " + socket_path);
    log_warning(fmt::format("no agent listens at {}: running unsupervised", socket_path));
    return link;
  }
  link.supervised_ = true;
  link.fd_ = std::move(fd);
  return link;
}

Error RankLink::lose(const std::string& why) {
  fd_.reset();
  outgoing_.clear();
  return Error{ErrorCode::kClosed, "the agent is gone: " + why};
}

Result<> RankLink::send(const json::object& line) {
  if (!supervised_) return {};
  if (!fd_) return Error{ErrorCode::kClosed, "the agent is gone"};
  outgoing_ += json::to_text(line);
  outgoing_ += '\n';
  LH_TRY(write_some());
  if (outgoing_.size() > kQueueLimitBytes) return lose(fmt::format("{} unread bytes", outgoing_.size()));
  return {};
}

Result<> RankLink::write_some() {
  size_t written = 0;
  while (written < outgoing_.size()) {
    const ssize_t n = ::send(fd_.get(), outgoing_.data() + written, outgoing_.size() - written,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return lose(std::strerror(errno));
    written += static_cast<size_t>(n);
  }
  outgoing_.erase(0, written);
  return {};
}

Result<> RankLink::read_some() {
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (n < 0) return lose(std::strerror(errno));
    if (n == 0) return lose("end of file");
    incoming_.append(buffer, static_cast<size_t>(n));
    if (incoming_.size() > kLineLimitBytes && incoming_.find('\n') == std::string::npos) {
      return lose(fmt::format("a line of more than {} bytes", kLineLimitBytes));
    }
  }
}

Result<std::vector<json::object>> RankLink::poll() {
  std::vector<json::object> lines;
  if (!supervised_) return lines;
  Result<> alive;
  if (fd_) {
    alive = read_some();
    if (alive && !outgoing_.empty()) alive = write_some();
  } else {
    alive = Error{ErrorCode::kClosed, "the agent is gone"};
  }
  size_t begin = 0;
  for (size_t end; (end = incoming_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    auto object = json::parse_object(std::string_view(incoming_).substr(begin, end - begin));
    if (object) {
      lines.push_back(std::move(*object));
    } else {
      log_warning("from the agent: " + object.error().message);
    }
  }
  incoming_.erase(0, begin);
  // Commands sent just before the end are delivered first; the next call reports the end.
  if (!alive && lines.empty()) return std::move(alive).error();
  return lines;
}

Result<> RankLink::flush(const Clock& clock, int64_t timeout_ms) {
  const int64_t deadline_ms = clock.steady_ms() + timeout_ms;
  while (fd_ && !outgoing_.empty()) {
    LH_TRY(write_some());
    if (outgoing_.empty()) break;
    const int64_t left_ms = deadline_ms - clock.steady_ms();
    if (left_ms <= 0) return Error{ErrorCode::kTimeout, "the agent does not read its socket"};
    pollfd waiting{fd_.get(), POLLOUT, 0};
    ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left_ms, 1000)));
  }
  return {};
}

}  // namespace longhaul::wire
