#pragma once

/// \file
/// From the head of a request to an immediate answer or to work that needs more.

#include "ingress/answer.h"
#include "ingress/exchange.h"

#include <variant>

namespace restate::ingress {

/// Everything between CORS and the body: overload, path, method, and what the route itself checks.
/// Work that goes on has taken the headers out of `head`.
std::variant<Answer, Work> dispatch(http::RequestHead& head, Context& context);

}  // namespace restate::ingress
