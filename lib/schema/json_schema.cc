#include "schema/json_schema.h"

#include "schema/json.h"

#include <array>

namespace restate::schema {
namespace {

/// Deeper schemas are refused: a manifest must not exhaust our stack.
constexpr int kMaxDepth = 100;

constexpr std::array kTypes{"array", "boolean", "integer", "null", "number", "object", "string"};

constexpr std::array kSchemaMembers{
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "not",
    "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"};
constexpr std::array kSchemaLists{"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::array kSchemaMaps{"$defs", "definitions", "dependentSchemas", "patternProperties",
                                 "properties"};
constexpr std::array kCounts{"maxItems", "maxLength", "maxProperties", "minItems", "minLength",
                             "minProperties"};
constexpr std::array kNumbers{"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"};
constexpr std::array kStrings{"$comment", "$schema", "description", "format", "pattern", "title"};

using Refusal = std::optional<std::string>;

Refusal refuse(const Json& schema, int depth);

bool is_type(const Json& value) {
  if (!value.is_string()) return false;
  for (const std::string_view type : kTypes) {
    if (value.get_ref<const std::string&>() == type) return true;
  }
  return false;
}

Refusal refuse_type(const Json& schema) {
  const auto found = schema.find("type");
  if (found == schema.end() || is_type(*found)) return std::nullopt;
  bool good = found->is_array() && !found->empty();
  if (good) {
    for (const Json& item : *found) good = good && is_type(item);
  }
  if (good) return std::nullopt;
  return json_text(*found) + " is not valid as `type`: anyOf one type name or a list of them";
}

Refusal refuse_reference(const Json& schema) {
  for (const char* name : {"$ref", "$dynamicRef"}) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (!found->is_string()) return std::string(name) + " is not a string";
    const std::string& target = found->get_ref<const std::string&>();
    if (!target.empty() && target.front() != '#') {
      return "a reference to another document is not supported: " + target;
    }
  }
  return std::nullopt;
}

Refusal refuse_plain_members(const Json& schema) {
  for (const char* name : kCounts) {
    const auto found = schema.find(name);
    if (found != schema.end() && !found->is_number_unsigned()) {
      return std::string(name) + " is not a whole number from 0";
    }
  }
  for (const char* name : kNumbers) {
    const auto found = schema.find(name);
    if (found != schema.end() && !found->is_number() && !found->is_boolean()) {
      return std::string(name) + " is not a number";
    }
  }
  for (const char* name : kStrings) {
    const auto found = schema.find(name);
    if (found != schema.end() && !found->is_string()) return std::string(name) + " is not a string";
  }
  const auto required = schema.find("required");
  if (required != schema.end()) {
    bool good = required->is_array();
    if (good) {
      for (const Json& item : *required) good = good && item.is_string();
    }
    if (!good) return "required is not a list of names";
  }
  const auto choices = schema.find("enum");
  if (choices != schema.end() && !choices->is_array()) return "enum is not a list";
  return std::nullopt;
}

Refusal refuse_list(const Json& schemas, const char* name, int depth) {
  if (!schemas.is_array()) return std::string(name) + " is not a list of schemas";
  for (const Json& item : schemas) {
    if (auto why = refuse(item, depth + 1)) return why;
  }
  return std::nullopt;
}

Refusal refuse_below(const Json& schema, int depth) {
  for (const char* name : kSchemaMembers) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (auto why = refuse(*found, depth + 1)) return why;
  }
  for (const char* name : kSchemaLists) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (auto why = refuse_list(*found, name, depth)) return why;
  }
  for (const char* name : kSchemaMaps) {
    const auto found = schema.find(name);
    if (found == schema.end()) continue;
    if (!found->is_object()) return std::string(name) + " is not an object";
    for (const Json& item : *found) {
      if (auto why = refuse(item, depth + 1)) return why;
    }
  }
  const auto items = schema.find("items");  // one schema, or a list of them in older drafts
  if (items == schema.end()) return std::nullopt;
  return items->is_array() ? refuse_list(*items, "items", depth) : refuse(*items, depth + 1);
}

Refusal refuse(const Json& schema, int depth) {
  if (depth > kMaxDepth) return "it is nested too deeply";
  if (schema.is_boolean()) return std::nullopt;
  if (!schema.is_object()) return json_text(schema) + " is not a schema";
  if (auto why = refuse_type(schema)) return why;
  if (auto why = refuse_reference(schema)) return why;
  if (auto why = refuse_plain_members(schema)) return why;
  return refuse_below(schema, depth);
}

}  // namespace

std::optional<std::string> refuse_json_schema(std::string_view text) {
  const auto schema = parse_json(text);
  if (!schema) return "it is not JSON";
  return refuse(*schema, 0);
}

}  // namespace restate::schema
