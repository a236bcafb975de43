#pragma once

#include <string>
#include <string_view>

namespace restate {

/// `text` with A to Z in lower case, everything else as it is: names of headers and the like, which
/// know no locale.
inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace restate
