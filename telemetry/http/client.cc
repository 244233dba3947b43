#include "telemetry/http/client.h"

#include <cerrno>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <poll.h>

#include "base/posix/error.h"
#include "telemetry/http/endpoint.h"

namespace longhaul::telemetry::http {
namespace {

constexpr size_t kMaxResponseBytes = 256 << 20;

// One connection with a deadline over everything.
class Exchange {
 public:
  Exchange(const Endpoint& endpoint, int64_t timeout_ms)
      : endpoint_(endpoint), deadline_(Timer::now() + std::chrono::milliseconds(timeout_ms)) {}

  Result<> connect() {
    fd_ = UniqueFd(::socket(endpoint_.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) return errno_error("socket");
    const int rc =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&endpoint_.address), endpoint_.size_bytes);
    if (rc == 0) return {};
    if (errno != EINPROGRESS) return unavailable(errno);
    LH_TRY(wait(POLLOUT));
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return unavailable(error);
    return {};
  }

  Result<> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        LH_TRY(wait(POLLOUT));
      } else if (errno == EPIPE || errno == ECONNRESET) {
        return {};  // the server may have answered already: read that
      } else if (errno != EINTR) {
        return errno_error("send to " + endpoint_.text);
      }
    }
    return {};
  }

  // Appends what arrives; false at the end of the stream.
  Result<bool> receive(std::string& into) {
    char chunk[16384];
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), chunk, sizeof chunk, 0);
      if (n > 0) {
        into.append(chunk, static_cast<size_t>(n));
        if (into.size() > kMaxResponseBytes)
          return corrupt("the answer of " + endpoint_.text + " is too large");
        return true;
      }
      if (n == 0 || errno == ECONNRESET) return false;
      if (errno == EAGAIN) {
        LH_TRY(wait(POLLIN));
      } else if (errno != EINTR) {
        return errno_error("receive from " + endpoint_.text);
      }
    }
  }

 private:
  using Timer = std::chrono::steady_clock;

  Error unavailable(int error_number) const {
    return Error{ErrorCode::kUnavailable, errno_error("connect to " + endpoint_.text, error_number).message};
  }
  Result<> wait(short events) {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Timer::now()).count();
      pollfd p{fd_.get(), events, 0};
      const int n = left > 0 ? ::poll(&p, 1, static_cast<int>(left)) : 0;
      if (n > 0) return {};
      if (n == 0) return Error{ErrorCode::kTimeout, "no whole answer from " + endpoint_.text + " in time"};
      if (errno != EINTR) return errno_error("poll");
    }
  }

  const Endpoint& endpoint_;
  Timer::time_point deadline_;
  UniqueFd fd_;
};

Result<ClientResponse> parse_head(std::string_view head) {
  ClientResponse response;
  const Error wrong = corrupt("that is no HTTP answer: " + std::string(head.substr(0, 60)));
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return wrong;
  const auto [end, error] = std::from_chars(head.data() + 9, head.data() + 12, response.status);
  if (error != std::errc() || end != head.data() + 12) return wrong;
  size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const size_t next = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return wrong;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    response.headers.emplace_back(line.substr(0, colon),
                                  value == std::string_view::npos ? std::string_view() : line.substr(value));
    at = next;
  }
  return response;
}

Result<ClientResponse> read_response(Exchange& exchange, bool has_body, const std::string& from) {
  std::string bytes;
  size_t head_end = std::string::npos;
  const Error closed{ErrorCode::kClosed, from + " closed the connection in the middle of its answer"};
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
    LH_ASSIGN(const bool more, exchange.receive(bytes));
    if (!more) return closed;
  }
  LH_ASSIGN(ClientResponse response, parse_head(std::string_view(bytes).substr(0, head_end)));
  if (!has_body || response.status == 304 || response.status == 204) return response;
  bytes.erase(0, head_end + 4);
  size_t length = std::string::npos;
  if (const std::string* field = response.header("Content-Length")) {
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), length);
    if (error != std::errc() || end != field->data() + field->size()) return corrupt("a bad Content-Length");
  }
  while (bytes.size() < length) {
    LH_ASSIGN(const bool more, exchange.receive(bytes));
    if (more) continue;
    if (length != std::string::npos) return closed;
    break;
  }
  response.body = std::move(bytes);
  return response;
}

}  // namespace

Result<ClientResponse> request(const std::string& endpoint, std::string_view method, std::string_view target,
                               const Fields& headers, std::string_view body, int64_t timeout_ms) {
  LH_ASSIGN(const Endpoint address, parse_endpoint(endpoint));
  std::string text = fmt::format("{} {} HTTP/1.1\r\nConnection: close\r\n", method, target);
  if (find_field(headers, "Host") == nullptr) {
    text += fmt::format("Host: {}\r\n", address.unix_path.empty() ? endpoint : "localhost");
  }
  for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!body.empty() || method == "POST") text += fmt::format("Content-Length: {}\r\n", body.size());
  text += "\r\n";
  text += body;
  Exchange exchange(address, timeout_ms);
  LH_TRY(exchange.connect());
  LH_TRY(exchange.send(text));
  return read_response(exchange, method != "HEAD", endpoint);
}

}  // namespace longhaul::telemetry::http
