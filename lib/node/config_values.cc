#include "node/config_values.h"

#include "common/duration_text.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace restate::node {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

/// What a rate may be per, in milliseconds.
constexpr Unit kRateUnits[] = {
    {"ms", 1}, {"s", 1e3}, {"sec", 1e3}, {"second", 1e3}, {"m", 6e4}, {"min", 6e4},
    {"minute", 6e4}, {"h", 3.6e6}, {"hr", 3.6e6}, {"hour", 3.6e6}, {"d", 8.64e7}, {"day", 8.64e7},
};

constexpr Unit kSizeUnits[] = {
    {"", 1}, {"b", 1}, {"k", 1e3}, {"kb", 1e3}, {"m", 1e6}, {"mb", 1e6}, {"g", 1e9}, {"gb", 1e9},
    {"t", 1e12}, {"tb", 1e12}, {"ki", 1024}, {"kib", 1024}, {"mi", 1048576}, {"mib", 1048576},
    {"gi", 1073741824}, {"gib", 1073741824}, {"ti", 1099511627776}, {"tib", 1099511627776},
};

/// `llround` has no answer to more than this.
constexpr double kMost = 9.2e18;
/// An interval of a rate, in nanoseconds: thirty years, which is as good as never.
constexpr double kLongestInterval = 1e18;

void skip_spaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
}

/// Reads a non-negative number; false if there is none.
bool take_number(std::string_view& text, double& number) {
  std::size_t length = 0;
  while (length < text.size() && (std::isdigit(static_cast<unsigned char>(text[length])) != 0 ||
                                  text[length] == '.')) {
    ++length;
  }
  const auto parsed = std::from_chars(text.data(), text.data() + length, number);
  if (length == 0 || parsed.ec != std::errc() || parsed.ptr != text.data() + length) return false;
  text.remove_prefix(length);
  return true;
}

std::string take_word(std::string_view& text) {
  std::string word;
  while (!text.empty() && (std::isalpha(static_cast<unsigned char>(text.front())) != 0 ||
                           static_cast<unsigned char>(text.front()) >= 0x80)) {
    word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text.front()))));
    text.remove_prefix(1);
  }
  return word;
}

template <std::size_t N>
const Unit* find_unit(const Unit (&units)[N], std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<std::uint64_t> parse_duration_setting(std::string_view text) {
  const Result<std::uint64_t> ms =
      text == "0" ? Error{Code::kInvalidArgument, "a unit is missing"} : parse_duration_ms(text);
  if (ms) return ms;
  return Error{Code::kInvalidArgument, "'" + std::string(text) + "' is no duration (" +
                                           ms.error().message +
                                           "); expected something like '10s', '1h 2m' or '500ms'"};
}

Result<std::uint64_t> parse_size(std::string_view all) {
  std::string_view text = all;
  skip_spaces(text);
  double number = 0;
  const bool has_number = take_number(text, number);
  skip_spaces(text);
  const Unit* unit = has_number ? find_unit(kSizeUnits, take_word(text)) : nullptr;
  skip_spaces(text);
  if (unit == nullptr || !text.empty() || number * unit->factor >= kMost) {
    return Error{Code::kInvalidArgument, "'" + std::string(all) +
                                             "' is no size; expected something like '1024', "
                                             "'64 MiB' or '1.5GB'"};
  }
  return static_cast<std::uint64_t>(std::llround(number * unit->factor));
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(units)) {
    size /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, units[unit]);
  return text;
}

Result<Duration> parse_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::string_view count = text.substr(0, slash);
  double times = 0;
  if (slash != std::string_view::npos && take_number(count, times) && count.empty() && times > 0) {
    std::string_view unit = text.substr(slash + 1);
    const std::string word = take_word(unit);
    const Unit* found = unit.empty() && !word.empty() ? find_unit(kRateUnits, word) : nullptr;
    const double interval = found != nullptr ? found->factor * 1e6 / times : kLongestInterval;
    if (interval < kLongestInterval) return Duration(static_cast<std::int64_t>(interval));
  }
  return Error{Code::kInvalidArgument,
               "'" + std::string(text) + "' is no rate; expected one such as \"10/s\""};
}

}  // namespace restate::node
