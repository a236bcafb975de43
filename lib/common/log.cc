#include <restate/log.h>

#include <restate/assert.h>

namespace restate {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return "TRACE";
    case LogLevel::kDebug: return "DEBUG";
    case LogLevel::kInfo: return "INFO";
    case LogLevel::kWarn: return "WARN";
    case LogLevel::kError: return "ERROR";
  }
  RESTATE_UNREACHABLE();
}

namespace {
class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::string_view,
             std::initializer_list<LogField>) override {}
};
}  // namespace

Logger& null_logger() {
  static NullLogger logger;  // stateless: sharing it couples nobody
  return logger;
}

}  // namespace restate
