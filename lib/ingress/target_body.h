#pragma once

/// \file
/// The JSON by which clients name an invocation in a body: by id, idempotency key or workflow.

#include "ingress/refusal.h"

#include <restate/ids.h>

#include <string_view>
#include <variant>

namespace restate::ingress {

/// The id of the target. Nothing needs to be registered; unknown members are ignored.
std::variant<Refusal, InvocationId> parse_target(std::string_view body, bool controlled_sharding);

/// An id from a path or a body.
std::variant<Refusal, InvocationId> parse_invocation_id(std::string_view text);

}  // namespace restate::ingress
