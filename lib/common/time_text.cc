#include "common/time_text.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace restate {
namespace {

void append_padded(std::string& out, std::uint64_t value, int width) {
  std::string digits = std::to_string(value);
  out.append(static_cast<std::size_t>(std::max<int>(0, width - static_cast<int>(digits.size()))), '0');
  out += digits;
}

/// Days since 1970-01-01 to a date, by counting 400-year eras from 0000-03-01: leap days come last
/// in such a year, so the month is a linear function of the day.
void append_date(std::string& out, std::uint64_t days_since_1970) {
  const std::uint64_t days = days_since_1970 + 719'468;
  const std::uint64_t era = days / 146'097;
  const std::uint64_t day_of_era = days % 146'097;
  const std::uint64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::uint64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::uint64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  append_padded(out, year, 4);
  out += '-';
  append_padded(out, month, 2);
  out += '-';
  append_padded(out, day, 2);
}

std::string up_to_seconds(WallTime at) {
  const std::uint64_t seconds = at.ms / 1000;
  std::string text;
  text.reserve(36);
  append_date(text, seconds / 86'400);
  text += 'T';
  append_padded(text, seconds / 3600 % 24, 2);
  text += ':';
  append_padded(text, seconds / 60 % 60, 2);
  text += ':';
  append_padded(text, seconds % 60, 2);
  return text;
}

void append_millis(std::string& text, WallTime at) {
  text += '.';
  append_padded(text, at.ms % 1000, 3);
}

}  // namespace

std::string rfc3339_nanos(WallTime at) {
  at = std::min(at, kLastNamedTime);
  std::string text = up_to_seconds(at);
  append_millis(text, at);
  text += "000000Z";
  return text;
}

std::string rfc3339_short(WallTime at) {
  at = std::min(at, kLastNamedTime);
  if (at.ms % 1000 != 0) return rfc3339_nanos(at);
  return up_to_seconds(at) + 'Z';
}

std::string rfc3339_offset(WallTime at) {
  at = std::min(at, kLastNamedTime);
  std::string text = up_to_seconds(at);
  if (at.ms % 1000 != 0) append_millis(text, at);
  text += "+00:00";
  return text;
}

}  // namespace restate
