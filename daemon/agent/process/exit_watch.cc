#include "daemon/agent/process/exit_watch.h"

#include <map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace longhaul::daemon {

namespace asio = boost::asio;

struct ExitWatch::Impl {
  asio::io_context& io;
  std::function<void(pid_t)> on_end;
  std::map<pid_t, asio::posix::stream_descriptor> watched;
};

ExitWatch::ExitWatch(asio::io_context& io, std::function<void(pid_t)> on_end)
    : impl_(new Impl{io, std::move(on_end), {}}) {}
ExitWatch::~ExitWatch() = default;

// epoll hands out ready descriptors first come, first served, and a pidfd becomes ready when its process
// ends: so on_end comes in the order of the deaths.
void ExitWatch::watch(pid_t pid, UniqueFd pidfd) {
  auto [it, added] =
      impl_->watched.insert_or_assign(pid, asio::posix::stream_descriptor(impl_->io, pidfd.release()));
  static_cast<void>(added);
  Impl* impl = impl_.get();
  it->second.async_wait(asio::posix::stream_descriptor::wait_read,
                        [impl, pid](const boost::system::error_code& error) {
                          if (error == asio::error::operation_aborted) return;  // impl may be gone
                          impl->watched.erase(pid);
                          impl->on_end(pid);
                        });
}

}  // namespace longhaul::daemon
