#pragma once

/// \file
/// The digits of resource ids: fixed width, most significant first, over the byte-reversed number
/// (docs/formats/ids.md).

#include <restate/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::base62 {

inline constexpr std::size_t kDigits64 = 11;
inline constexpr std::size_t kDigits128 = 22;

/// Appends the digits of 8 or 16 big-endian bytes.
void append(std::string& out, std::string_view big_endian_bytes);

/// Decodes 11 digits to 8 bytes or 22 digits to 16. `kInvalidArgument`: a foreign character or a
/// number that does not fit.
Result<std::string> decode(std::string_view digits);

}  // namespace restate::base62
