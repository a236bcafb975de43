#include "query/value_text.h"

#include "common/time_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace restate::query {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

/// Numbers outside of 1e-5 to 1e10 are written with an exponent, as clients are used to.
constexpr int kSmallestPlainExponent = -5;
constexpr int kLargestPlainExponent = 9;

}  // namespace

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-') {
      out += '-';
    } else if (c != '.') {
      digits += c;
    }
  }
  const int size = static_cast<int>(digits.size());
  if (exponent < kSmallestPlainExponent || exponent > kLargestPlainExponent) {
    out += digits.front();
    out += '.';
    out += size > 1 ? digits.substr(1) : "0";
    out += 'e';
    out += std::to_string(exponent);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else {
    if (size <= exponent) digits.append(static_cast<std::size_t>(exponent + 1 - size), '0');
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    out += digits.substr(0, whole);
    out += '.';
    out += whole < digits.size() ? digits.substr(whole) : "0";
  }
}

void append_time_utc(std::string& out, std::int64_t micros) {
  const std::int64_t ms = floor_divide(micros, 1000);
  append_time(out, ms * 1000, ms % 1000 == 0 ? 0 : 3);
  out += 'Z';
}

void append_time_local(std::string& out, std::int64_t micros) {
  append_time(out, micros, micros % kMicrosPerSecond == 0 ? 0 : micros % 1000 == 0 ? 3 : 6);
}

void append_duration(std::string& out, std::int64_t ms) {
  if (ms == 0) {
    out += "P0D";
    return;
  }
  const std::uint64_t size =
      ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  if (ms < 0) out += '-';
  out += "PT";
  out += std::to_string(size / 1000);
  if (std::uint64_t fraction = size % 1000; fraction != 0) {
    std::size_t width = 3;
    for (; fraction % 10 == 0; fraction /= 10) --width;
    out += '.';
    append_padded(out, static_cast<std::int64_t>(fraction), width);
  }
  out += 'S';
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace restate::query
