#pragma once

/// \file
/// Points in time as RFC 3339, always UTC, and what they are made of.

#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace restate {

/// The last millisecond that RFC 3339 can name: 9999-12-31T23:59:59.999Z.
inline constexpr WallTime kLastNamedTime{253'402'300'799'999};

/// `2026-01-02T03:04:05.678000000Z`; later times than `kLastNamedTime` are shown as that.
std::string rfc3339_nanos(WallTime at);

/// `2026-01-02T03:04:05.678000000Z`, and `2026-01-02T03:04:05Z` on a whole second.
std::string rfc3339_short(WallTime at);

/// `2026-01-02T03:04:05.678+00:00`, and `2026-01-02T03:04:05+00:00` on a whole second.
std::string rfc3339_offset(WallTime at);

/// `1970-01-01T00:00:01.001`, with as many digits of the fraction as `digits` says: 0, 3 or 6.
void append_time(std::string& out, std::int64_t micros_since_1970, int digits);

/// `2026-01-02`.
void append_date(std::string& out, std::int64_t days_since_1970);

/// With zeros in front, to at least `width` digits.
void append_padded(std::string& out, std::int64_t value, std::size_t width);

/// Rounded down, also below zero. `by` is positive.
constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace restate
