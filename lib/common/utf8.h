#pragma once

/// \file
/// Bytes that claim to be text.

#include <string>
#include <string_view>

namespace restate {

/// True if every byte belongs to a well-formed character.
bool is_utf8(std::string_view bytes);

/// The bytes as text; each malformed piece becomes one U+FFFD.
std::string utf8_lossy(std::string_view bytes);

/// Appends `text` as a JSON string with its quotes. Malformed pieces become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace restate
