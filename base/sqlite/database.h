// A thin wrapper of SQLite: WAL, synchronous=FULL (what was committed survives a power cut), errors as
// values that carry SQLite's own words. Thread-safety: one connection, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace longhaul::sqlite {

// A prepared statement. Bind from 1, columns from 0. reset() before it is used again.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& bind(int index, int64_t value);
  Statement& bind(int index, int value) { return bind(index, int64_t{value}); }
  Statement& bind(int index, double value);  // NaN is stored as NULL by SQLite
  Statement& bind(int index, std::string_view value);
  Statement& bind(int index, const std::string& value) { return bind(index, std::string_view(value)); }
  Statement& bind(int index, const char* value) { return bind(index, std::string_view(value)); }
  Statement& bind_null(int index);

  // true: a row is there. false: done.
  Result<bool> step();
  // Step to the end and reset: for INSERT, UPDATE, DELETE.
  Result<> run();
  void reset();

  bool is_null(int column) const;
  int64_t as_int(int column) const;
  double as_double(int column) const;
  std::string as_text(int column) const;

 private:
  sqlite3_stmt* stmt_ = nullptr;
};

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  static Result<Database> open(const std::string& path, Mode mode = Mode::kReadWrite);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  Result<> execute(const std::string& sql);  // one or more statements, no parameters
  Result<Statement> prepare(const std::string& sql);
  int64_t last_insert_id() const;

  // Runs `body` (returning Result<>) in one IMMEDIATE transaction; rolls back when it fails.
  template <class Body>
  Result<> transaction(Body&& body) {
    LH_TRY(execute("BEGIN IMMEDIATE"));
    Result<> done = body();
    if (done) done = execute("COMMIT");
    if (!done) (void)execute("ROLLBACK");
    return done;
  }

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  sqlite3* db_ = nullptr;
};

}  // namespace longhaul::sqlite
