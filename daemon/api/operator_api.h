// What operators reach over the Unix socket: everything the public sees, process ids besides, and commands.
//   POST /api/v1/commands/{pause,resume,stop,checkpoint}   body {"reason":"…","dry_run":false}
//   header Idempotency-Key: the same key gets the first answer again and nothing is done twice
// 200 {"accepted":true,"message":…}; 409 problem when the command cannot be done now.
// Thread-safety: one thread, that of the server; answers may come from another.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/api/run_view.h"
#include "daemon/core/decide.h"
#include "telemetry/http/message.h"
#include "telemetry/publish/publisher.h"

namespace longhaul::daemon {

class OperatorApi {
 public:
  using RunCommand = std::function<void(const OperatorCommand&, bool dry_run, std::function<void(Reply)>)>;

  OperatorApi(DaemonRunView& view, telemetry::publish::Publisher& publisher, RunCommand run_command);

  void handle(const telemetry::http::Request& request, telemetry::http::Reply reply);

 private:
  // Answers by key; shared with answers still to come. The newest kMaxKeys are kept.
  struct Answers;
  void command(const telemetry::http::Request& request, const std::string& name,
               telemetry::http::Reply reply);

  DaemonRunView& view_;
  telemetry::publish::Publisher& publisher_;
  const RunCommand run_command_;
  std::shared_ptr<Answers> answers_;
};

}  // namespace longhaul::daemon
