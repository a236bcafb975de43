#pragma once

/// \file
/// Scopes and limit keys: short names by which callers group their invocations.

#include <optional>
#include <string>
#include <string_view>

namespace restate::schema {

/// Why `text` is no scope, or nothing: 1 to 36 bytes of `[a-zA-Z0-9_.-]`.
std::optional<std::string> refuse_scope(std::string_view text);

/// A limit key without its trailing slash: nothing, `l1` or `l1/l2`, each like a scope.
struct LimitKey {
  std::string text;
  std::optional<std::string> refusal;
};
LimitKey parse_limit_key(std::string_view text);

}  // namespace restate::schema
