#pragma once

#include <string>
#include <string_view>

namespace restate::testing {

/// One line for a row: its table, what its key names, and what its value says. Empty for rows that
/// change with every record (LSNs and dedup marks).
std::string describe_row(std::string_view key, std::string_view value, bool erased);

}  // namespace restate::testing
