#include "base/core/log.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace longhaul {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Log, AppendsOneLineAMessageWithProgramAndLevelAndLeavesOutWhatIsBelow) {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  log_start("longhaul-test", path, LogLevel::kInfo);
  log_debug("too fine");
  log_info("begun {} %s");  // no format string: taken as it is
  log_warning("careful");
  log_start("again", path);  // a restarted program goes on in the same file
  log_error("broken");
  const std::string text = content_of(path);
  EXPECT_THAT(text,
              testing::ContainsRegex("^20[0-9-]+T[0-9:.]+Z longhaul-test\\[[0-9]+\\] info begun \\{\\} %s\n"
                                     "20[0-9-]+T[0-9:.]+Z longhaul-test\\[[0-9]+\\] warning careful\n"
                                     "20[0-9-]+T[0-9:.]+Z again\\[[0-9]+\\] error broken\n$"));
  log_start("longhaul-test");
}

TEST(Log, TheTimeIsUtcWhateverTheZoneOfTheMachine) {
  const TemporaryFolder folder;
  ::setenv("TZ", "UTC-14", 1);  // fourteen hours ahead
  ::tzset();
  const auto utc_hour = [] {
    const std::time_t now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:", std::gmtime(&now));
    return std::string(text);
  };
  const std::string before = utc_hour();
  log_start("longhaul-test", folder / "log");
  log_error("now");
  const std::string after = utc_hour();
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_THAT(content_of(folder / "log"),
              testing::AnyOf(testing::StartsWith(before), testing::StartsWith(after)));
  log_start("longhaul-test");
}

}  // namespace
}  // namespace longhaul
