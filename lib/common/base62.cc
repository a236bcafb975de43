#include "common/base62.h"

#include <algorithm>

namespace restate::base62 {
namespace {

__extension__ using Number = unsigned __int128;
constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 36;
  return -1;
}

}  // namespace

void append(std::string& out, std::string_view big_endian_bytes) {
  Number number = 0;  // the bytes read as a little-endian integer
  for (std::size_t i = big_endian_bytes.size(); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(big_endian_bytes[i]);
  }
  const std::size_t width = big_endian_bytes.size() == 8 ? kDigits64 : kDigits128;
  const std::size_t start = out.size();
  out.resize(start + width);
  for (std::size_t i = width; i-- > 0;) {
    out[start + i] = kAlphabet[static_cast<std::size_t>(number % 62)];
    number /= 62;
  }
}

Result<std::string> decode(std::string_view digits) {
  if (digits.size() != kDigits64 && digits.size() != kDigits128) {
    return Error{Code::kInvalidArgument, "bad length"};
  }
  const std::size_t width = digits.size() == kDigits64 ? 8 : 16;
  const Number limit = width == 8 ? static_cast<Number>(UINT64_MAX) : ~static_cast<Number>(0);
  Number number = 0;
  for (const char c : digits) {
    const int value = digit_value(c);
    if (value < 0) return Error{Code::kInvalidArgument, "base62 decode error"};
    const auto digit = static_cast<Number>(value);
    if (number > (limit - digit) / 62) return Error{Code::kInvalidArgument, "base62 decode error"};
    number = number * 62 + digit;
  }
  std::string bytes(width, '\0');
  for (std::size_t i = 0; i < width; ++i) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(number & 0xff));
    number >>= 8;
  }
  return bytes;
}

}  // namespace restate::base62
