#include "schema/scope_name.h"

namespace restate::schema {
namespace {

constexpr std::size_t kMaxBytes = 36;

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

std::optional<std::string> refuse_scope(std::string_view text) {
  if (text.empty()) return "value cannot be empty";
  if (text.size() > kMaxBytes) {
    return "value too long: " + std::to_string(text.size()) + " bytes (max 36)";
  }
  for (const char c : text) {
    if (!is_allowed(c)) return "value contains characters outside the allowed set [a-zA-Z0-9_.-]";
  }
  return std::nullopt;
}

LimitKey parse_limit_key(std::string_view text) {
  if (text.empty()) return {};
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::string_view whole = text;
  for (int components = 1;; ++components) {
    if (components > 2) return {{}, "too many path components in the given limit-key (max 2)"};
    const std::size_t slash = text.find('/');
    if (auto why = refuse_scope(text.substr(0, slash))) {
      return {{}, "invalid limit-key component: " + *why};
    }
    if (slash == std::string_view::npos) return {std::string(whole), std::nullopt};
    text.remove_prefix(slash + 1);
  }
}

}  // namespace restate::schema
