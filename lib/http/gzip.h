#pragma once

/// \file
/// Smaller answers for who understands them.

#include <string>
#include <string_view>

namespace restate::http {

/// True if an `accept-encoding` with this value lets us answer with gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// `text` as gzip, quickly rather than as small as can be.
std::string gzip(std::string_view text);

}  // namespace restate::http
