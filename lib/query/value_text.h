#pragma once

/// \file
/// Single values as JSON shows them.

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::query {

/// The shortest digits that read back as the same number, always with a point: `1.0`, `0.1`,
/// `1.0e20`. `null` for what is no number.
void append_double(std::string& out, double value);

/// Three digits, or none on a whole second; `Z` behind it.
void append_time_utc(std::string& out, std::int64_t micros);
/// 0, 3 or 6 digits, whatever it takes; no zone.
void append_time_local(std::string& out, std::int64_t micros);

/// ISO 8601 in seconds: `PT86400S`, `-PT1.5S`, `P0D`.
void append_duration(std::string& out, std::int64_t ms);

/// Lower-case hexadecimal digits.
void append_hex(std::string& out, std::string_view bytes);

}  // namespace restate::query
