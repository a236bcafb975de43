#pragma once

#include <restate/result.h>

#include <string>
#include <string_view>

namespace restate::base64 {

/// URL-safe alphabet, no padding.
std::string encode_url(std::string_view bytes);
/// Standard alphabet with padding.
std::string encode(std::string_view bytes);

/// Accepts both alphabets, with or without `=`. `kInvalidArgument` otherwise.
Result<std::string> decode(std::string_view text);

}  // namespace restate::base64
