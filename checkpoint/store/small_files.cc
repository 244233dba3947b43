#include "checkpoint/store/small_files.h"

#include <fmt/format.h>

namespace longhaul::checkpoint {
namespace {

Result<> write_and_sync(File& file, const std::string& content) {
  LH_TRY(file.write_at(0, std::as_bytes(std::span(content))));
  return file.sync();
}

}  // namespace

Result<bool> exists(FileSystem& files, const std::string& path) {
  const auto info = files.info(path);
  if (info) return true;
  if (info.error().code == ErrorCode::kNotFound) return false;
  return info.error();
}

Result<std::string> read_whole_file(FileSystem& files, const std::string& path) {
  LH_ASSIGN(const std::unique_ptr<File> file, files.open(path));
  LH_ASSIGN(const int64_t size_bytes, file->size_bytes());
  std::string content(static_cast<size_t>(size_bytes), '\0');
  LH_ASSIGN(const int64_t got_bytes, file->read_at(0, std::as_writable_bytes(std::span(content))));
  if (got_bytes != size_bytes) return corrupt(fmt::format("{}: {} bytes of {}", path, got_bytes, size_bytes));
  return content;
}

Result<json::object> read_document(FileSystem& files, const std::string& path) {
  LH_ASSIGN(const std::string text, read_whole_file(files, path));
  auto document = json::parse_object(text);
  if (!document) return corrupt(path + ": " + document.error().message);
  return document;
}

Result<> write_new_file(FileSystem& files, const std::string& path, const std::string& content) {
  LH_ASSIGN(const std::unique_ptr<File> file, files.create(path));
  auto written = write_and_sync(*file, content);
  if (!written) static_cast<void>(files.remove_file(path));  // the first error is the one to report
  return written;
}

}  // namespace longhaul::checkpoint
