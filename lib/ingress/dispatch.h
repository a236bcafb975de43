#pragma once

/// \file
/// From the head of a request to an immediate answer or to work that needs more.

#include "ingress/answer.h"
#include "ingress/exchange.h"

#include <variant>

namespace restate::ingress {

/// Everything between CORS and the body: overload, path, method, and what the route itself checks.
std::variant<Answer, Work> dispatch(const http::RequestHead& head, const Context& context);

}  // namespace restate::ingress
