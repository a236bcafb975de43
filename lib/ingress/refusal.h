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

inline Refusal overloaded() {
  return {429, "too many requests, the ingress is overloaded. Retry later."};
}

}  // namespace restate::ingress
