#pragma once

/// \file
/// Points in time as RFC 3339, always UTC.

#include <restate/time.h>

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

}  // namespace restate
