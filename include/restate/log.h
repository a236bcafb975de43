#pragma once

/// \file
/// Where the engine's own words go. A library prints nothing: the host passes a logger.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

namespace restate {

/// How loud a line is. From `kWarn` on somebody should look.
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError };

/// `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`.
std::string_view to_string(LogLevel level);

/// One `key=value` of a log line.
struct LogField {
  /// Of letters, digits, dots and underscores; valid while the line is written.
  std::string_view key;
  std::string value;  ///< as it is shown, without quotes
  /// @{
  /// A text.
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  /// @}
  /// A number, in decimal.
  template <class Number>
    requires(std::is_arithmetic_v<Number>)
  LogField(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

/// Implementations may be called from every thread.
class Logger {
 public:
  virtual ~Logger() = default;
  /// Whether `write` would do anything with such a line. Asked before each one, so it must be
  /// quick.
  virtual bool enabled(LogLevel level) const = 0;
  /// `module` is the module of the source tree, such as `bifrost`.
  virtual void write(LogLevel level, std::string_view module, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;

  /// A line of `kInfo`, if that is enabled.
  void info(std::string_view module, std::string_view message,
            std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kInfo)) write(LogLevel::kInfo, module, message, fields);
  }
  /// A line of `kWarn`, if that is enabled.
  void warn(std::string_view module, std::string_view message,
            std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kWarn)) write(LogLevel::kWarn, module, message, fields);
  }
  /// A line of `kError`, if that is enabled.
  void error(std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kError)) write(LogLevel::kError, module, message, fields);
  }
  /// A line of `kDebug`, if that is enabled.
  void debug(std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kDebug)) write(LogLevel::kDebug, module, message, fields);
  }
};

/// Discards everything.
Logger& null_logger();

}  // namespace restate

#pragma GCC visibility pop
