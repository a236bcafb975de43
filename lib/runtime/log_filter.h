#pragma once

/// \file
/// Which log lines somebody wants to read: `warn,restate=info,restate::bifrost=debug`.

#include <restate/log.h>
#include <restate/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace restate {

class LogFilter {
 public:
  /// Everything from `level` on.
  explicit LogFilter(LogLevel level = LogLevel::kInfo)
      : default_(threshold(level)), loudest_(threshold(level)) {}

  /// Reads directives between commas: a level, or `target=level`. Levels: `trace`, `debug`, `info`,
  /// `warn`, `error`, `off`. A target is the beginning of `restate::<module>` (`restate_<module>`
  /// and `<module>` say the same); the longest that fits decides. Without a level of its own, what
  /// no target names is off.
  /// - `kInvalidArgument`: anything else, with the directive that is wrong.
  static Result<LogFilter> parse(std::string_view text);

  bool allows(LogLevel level, std::string_view module) const;
  /// False if no module logs at this level.
  bool allows_somewhere(LogLevel level) const { return loudest_ <= threshold(level); }

 private:
  /// The lowest level that passes, as a number; one above all levels is `off`.
  using Threshold = int;
  static constexpr Threshold threshold(LogLevel level) { return static_cast<Threshold>(level); }
  static constexpr Threshold kOff = static_cast<Threshold>(LogLevel::kError) + 1;

  struct Directive {
    std::string target;
    Threshold lowest = kOff;
  };

  /// False: no level.
  static bool read_level(std::string_view text, Threshold& lowest);

  Threshold default_;
  Threshold loudest_;
  std::vector<Directive> directives_;
};

}  // namespace restate
