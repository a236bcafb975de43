#include "query/duckdb/postgres_values.h"

#include "common/ascii.h"
#include "common/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace restate::query {
namespace {

/// `.255`, without zeros at the end; nothing for a whole second.
void append_fraction(std::string& out, std::int64_t micros) {
  if (micros == 0) return;
  std::string digits = std::to_string(micros);
  digits.insert(0, 6 - digits.size(), '0');
  digits.erase(digits.find_last_not_of('0') + 1);
  out += '.' + digits;
}

void append_two(std::string& out, std::uint64_t value) {
  if (value < 10) out += '0';
  out += std::to_string(value);
}

}  // namespace

void append_number(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

void append_float(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end.ptr);
  }
}

void append_timestamp(std::string& out, std::int64_t micros, std::string_view zone) {
  if (micros > kMostMicros || micros < -kMostMicros) {
    out += micros > 0 ? "infinity" : "-infinity";
    return;
  }
  const std::size_t begin = out.size();
  const std::int64_t fraction = (micros % 1'000'000 + 1'000'000) % 1'000'000;
  append_time(out, micros - fraction, 0);
  if (const std::size_t mark = out.find('T', begin); mark != std::string::npos) out[mark] = ' ';
  append_fraction(out, fraction);
  out += zone;
}

std::int64_t micros_since_2000(std::int64_t micros) {
  if (micros > kMostMicros) return INT64_MAX;
  std::int64_t shifted = 0;
  const bool small = micros < -kMostMicros || __builtin_sub_overflow(micros, kEpochMicros, &shifted);
  return small ? INT64_MIN : shifted;
}

bool is_infinite_date(std::int64_t days) { return days == INT32_MAX || days == -INT32_MAX; }

std::int64_t days_since_2000(std::int64_t days) {
  if (days == INT32_MAX) return INT32_MAX;
  return std::max<std::int64_t>(is_infinite_date(days) ? INT32_MIN : days - kEpochDays, INT32_MIN);
}

void append_interval(std::string& out, const duckdb::interval_t& interval) {
  const std::size_t begin = out.size();
  const auto add = [&](std::int64_t count, const char* one, const char* many) {
    if (count == 0) return;
    if (out.size() > begin) out += ' ';
    out += std::to_string(count) + ' ' + (count == 1 ? one : many);
  };
  add(interval.months / 12, "year", "years");
  add(interval.months % 12, "mon", "mons");
  add(interval.days, "day", "days");
  if (interval.micros == 0 && out.size() > begin) return;
  if (out.size() > begin) out += ' ';
  if (interval.micros < 0) out += '-';
  // The smallest one has no positive counterpart.
  const std::uint64_t micros = interval.micros < 0
                                   ? 0 - static_cast<std::uint64_t>(interval.micros)
                                   : static_cast<std::uint64_t>(interval.micros);
  append_two(out, micros / 3'600'000'000);
  out += ':';
  append_two(out, micros / 60'000'000 % 60);
  out += ':';
  append_two(out, micros / 1'000'000 % 60);
  append_fraction(out, static_cast<std::int64_t>(micros % 1'000'000));
}

void append_numeric(std::string& out, std::string digits) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  digits.insert(0, (4 - digits.size() % 4) % 4, '0');
  std::vector<std::uint64_t> groups;
  for (std::size_t i = 0; i < digits.size(); i += 4) groups.push_back(std::stoull(digits.substr(i, 4)));
  if (groups.size() == 1 && groups[0] == 0) groups.clear();
  append_number(out, groups.size(), 2);
  append_number(out, groups.empty() ? 0 : groups.size() - 1, 2);
  append_number(out, negative ? 0x4000 : 0, 2);
  append_number(out, 0, 2);
  for (const std::uint64_t group : groups) append_number(out, group, 2);
}

bool needs_quotes(std::string_view text) {
  return text.empty() || ascii_lower(text) == "null" ||
         text.find_first_of("{},\"\\ \t\r\n\v\f") != std::string_view::npos;
}

}  // namespace restate::query
