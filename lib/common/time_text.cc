#include "common/time_text.h"

#include <algorithm>

namespace restate {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

std::string time_with(WallTime at, int digits) {
  std::string text;
  text.reserve(36);
  append_time(text, static_cast<std::int64_t>(at.ms) * 1000, digits);
  return text;
}

}  // namespace

std::string rfc3339_nanos(WallTime at) {
  return time_with(std::min(at, kLastNamedTime), 3) + "000000Z";
}

std::string rfc3339_short(WallTime at) {
  at = std::min(at, kLastNamedTime);
  return at.ms % 1000 == 0 ? time_with(at, 0) + 'Z' : rfc3339_nanos(at);
}

std::string rfc3339_offset(WallTime at) {
  at = std::min(at, kLastNamedTime);
  return time_with(at, at.ms % 1000 == 0 ? 0 : 3) + "+00:00";
}

void append_time(std::string& out, std::int64_t micros_since_1970, int digits) {
  const std::int64_t seconds = floor_divide(micros_since_1970, kMicrosPerSecond);
  const std::int64_t fraction = micros_since_1970 - seconds * kMicrosPerSecond;
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  const std::int64_t of_day = seconds - days * kSecondsPerDay;
  append_date(out, days);
  out += 'T';
  append_padded(out, of_day / 3600, 2);
  out += ':';
  append_padded(out, of_day / 60 % 60, 2);
  out += ':';
  append_padded(out, of_day % 60, 2);
  if (digits == 0) return;
  out += '.';
  append_padded(out, digits == 3 ? fraction / 1000 : fraction, static_cast<std::size_t>(digits));
}

void append_date(std::string& out, std::int64_t days_since_1970) {
  // Counted in eras of 400 years that begin on 1 March, so that leap days come last.
  const std::int64_t days = days_since_1970 + 719'468;
  const std::int64_t era = floor_divide(days, 146'097);
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) {
    out += '-';
    year = -year;
  }
  append_padded(out, year, 4);
  out += '-';
  append_padded(out, month, 2);
  out += '-';
  append_padded(out, day, 2);
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

}  // namespace restate
