#pragma once

/// \file
/// Why the ingress itself turns a request down.

#include <string>

namespace restate::ingress {

/// Becomes `{"code":<status>,"message":"…","source":"ingress"}`.
struct Refusal {
  int status = 400;
  std::string message;
  bool operator==(const Refusal&) const = default;
};

}  // namespace restate::ingress
