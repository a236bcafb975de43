#pragma once

/// \file
/// The request target of HTTP/1 in its forms, brought to one.

#include "http/message.h"

#include <string_view>

namespace restate::http {

/// Sets target, scheme and authority of `head` from `url` as it stood in the request line and from
/// the `host` header in `head.headers`. An absolute URI wins over the header.
void read_target(std::string_view url, RequestHead& head);

}  // namespace restate::http
