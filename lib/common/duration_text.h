#pragma once

/// \file
/// Durations as people write them: in the admin API, in query parameters, in configuration.

#include <restate/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate {

/// Reads `1h 30m`, `2 days, 4 hours`, `01:02:03`, `PT5M`, `0`. Milliseconds; what is finer is
/// rounded up, so that only zero is zero. No limit but that of 64 bits.
///
/// - `kInvalidArgument`: not a duration, negative, or in months or years, whose length varies.
Result<std::uint64_t> parse_duration_ms(std::string_view text);

/// `1d 2h 3m`, `1s 500ms`, `0s`. The largest unit is the day.
std::string duration_text(std::uint64_t ms);

}  // namespace restate
