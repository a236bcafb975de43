#pragma once

#include <string_view>

namespace server {

/// What --help prints: 80 columns, 40 lines, every flag. The text is written by hand, because a screen
/// has no room for the column of notes that a parser would make of it.
extern const std::string_view kHelp;

}  // namespace server
