// Answers that may be given again for a moment, as any shared cache may: identical questions of a crowd are
// answered once a second. Small and bounded. Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "telemetry/http/message.h"

namespace longhaul::telemetry::publish {

class AnswerCache {
 public:
  // A kept answer to the same question that is at most a second old; null: none.
  const http::Response* find(const http::Request& request, int64_t now_ms);
  // Keeps a 200 of a JSON route; everything else, and what finds no room, is forgotten.
  void keep(const http::Request& request, const http::Response& response, int64_t now_ms);

 private:
  struct Entry {
    int64_t at_ms = 0;
    http::Response response;
  };
  void forget_old(int64_t now_ms);
  std::map<std::string, Entry> entries_;  // by path and query
  size_t bytes_ = 0;                      // of all bodies
};

}  // namespace longhaul::telemetry::publish
