#pragma once

/// \file
/// What may leave in a head. Headers come from users (handlers, deployments, callers); none of them
/// may break the framing.

#include "http/message.h"

#include <string_view>

namespace restate::http {

/// A token as a name, and no CR, LF or NUL in the value.
bool is_sendable(const Header& header);

/// Framing and connection headers: ours alone to write. HTTP/2 forbids them, HTTP/1 derives them.
bool is_hop_by_hop(std::string_view name);

/// 1xx, 204 and 304 have neither body nor length.
bool may_have_body(int status);

}  // namespace restate::http
