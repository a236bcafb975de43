#pragma once

/// \file
/// Log lines as text, for people or for machines. Where they go is the host's business.

#include "runtime/log_filter.h"

#include <restate/function.h>
#include <restate/log.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace restate {

class TextLogger final : public Logger {
 public:
  /// `kPretty`: a head line, the message, then a line per field. `kCompact`: one line. `kJson`: one
  /// object per line with `timestamp`, `level`, `fields` and `target`.
  enum class Format : std::uint8_t { kPretty, kCompact, kJson };

  struct Options {
    LogFilter filter;
    Format format = Format::kPretty;
    bool colors = false;  ///< ANSI colours; never in `kJson`
  };

  /// Called with a whole entry, its line breaks included; from every thread, also at the same time.
  using Sink = Function<void(LogLevel, std::string_view)>;
  /// Microseconds since 1970; from every thread.
  using Clock = Function<std::uint64_t()>;

  TextLogger(Options options, Clock clock, Sink sink);

  /// Replaces the filter. Other threads may log meanwhile; calls of this one may not overlap.
  void set_filter(LogFilter filter);

  bool enabled(LogLevel level) const override { return filter_.load()->allows_somewhere(level); }
  void write(LogLevel level, std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields) override;

 private:
  const Options options_;
  /// All that were ever in force: somebody may be reading one. There are few.
  std::vector<std::unique_ptr<const LogFilter>> filters_;
  std::atomic<const LogFilter*> filter_;
  Clock clock_;
  Sink sink_;
};

}  // namespace restate
