#include "schema/payload_rules.h"

#include "schema/json.h"

namespace restate::schema {
namespace {

constexpr std::string_view kAnyType = "*/*";
constexpr std::string_view kDefaultOutputType = "application/json";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string refuse_anything(const std::optional<std::string_view>& content_type) {
  std::string shown = content_type ? "Some(\"" + std::string(*content_type) + "\")" : "None";
  return "Expected body and content-type to be empty, but wasn't with content-type '" + shown + "'";
}

std::optional<std::string> refuse_type(std::string_view expected, bool must_have_body,
                                       const std::optional<std::string_view>& content_type,
                                       bool body_empty) {
  if (!content_type) return "Empty content-type";
  if (!content_type_matches(*content_type, expected)) {
    return "Content-type '" + std::string(*content_type) + "' does not match '" +
           std::string(expected) + "'";
  }
  if (must_have_body && body_empty) return "Empty body not allowed";
  return std::nullopt;
}

/// What the title or the type of a JSON schema says about it, or nothing.
std::optional<std::string> describe_schema(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto schema = parse_json(*text);
  if (!schema) return std::nullopt;
  std::string word;
  if (require(*schema, "title", word)) return "JSON '" + word + "'";
  if (require(*schema, "type", word)) return "JSON " + word;
  return std::nullopt;
}

}  // namespace

bool content_type_matches(std::string_view header, std::string_view expected) {
  if (expected == kAnyType) return true;
  header = trim(header.substr(0, header.find(';')));
  const std::size_t slash = header.find('/');
  if (slash == std::string_view::npos) return false;
  const std::size_t expected_slash = expected.find('/');
  if (header.substr(0, slash) != expected.substr(0, expected_slash)) return false;
  const std::string_view subtype = expected.substr(expected_slash + 1);
  return subtype == "*" || subtype == header.substr(slash + 1);
}

bool is_declarable_content_type(std::string_view type) {
  const std::size_t slash = type.find('/');
  if (slash == std::string_view::npos) return false;
  return type.substr(0, slash) != "*" || type.substr(slash + 1) == "*";
}

std::optional<std::string> refuse_input(const InputRules& rules,
                                        const std::optional<std::string_view>& content_type,
                                        bool body_empty) {
  const bool nothing_sent = body_empty && !content_type;
  if (nothing_sent && !rules.required) return std::nullopt;
  if (!rules.declared) return refuse_type(kAnyType, false, content_type, body_empty);
  if (rules.content_type) {
    return refuse_type(*rules.content_type, rules.json_schema.has_value(), content_type, body_empty);
  }
  if (rules.required) return "The handler requires an input but declares no content-type for it";
  return refuse_anything(content_type);
}

std::string_view output_content_type(const OutputRules& rules, bool output_empty) {
  if (!rules.declared) return output_empty ? std::string_view() : kDefaultOutputType;
  if (!rules.content_type || (output_empty && !rules.set_content_type_if_empty)) return {};
  return *rules.content_type;
}

std::string describe(const InputRules& rules) {
  if (!rules.declared) return std::string(kAnyType);
  if (!rules.content_type) return rules.required ? "<invalid rules>" : "none";
  if (auto schema = describe_schema(rules.json_schema)) return *schema;
  return *rules.content_type;
}

std::string describe(const OutputRules& rules) {
  if (!rules.declared) return std::string(kDefaultOutputType);
  if (!rules.content_type) return "none";
  if (auto schema = describe_schema(rules.json_schema)) return *schema;
  return (rules.set_content_type_if_empty ? "optional " : "") + *rules.content_type;
}

}  // namespace restate::schema
