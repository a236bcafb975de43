#include "protocol/json_schema.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

namespace restate::protocol {
namespace {

using Json = nlohmann::json;
using Problem = std::optional<std::string>;

/// What a keyword's value must look like.
enum class Shape { kSchema, kSchemas, kSchemaMap, kSchemaOrSchemas, kNumber, kCount, kText, kFlag, kArray, kNames, kType };

struct Keyword {
  std::string_view name;
  Shape shape;
};

constexpr std::array kKeywords = {
    Keyword{"additionalItems", Shape::kSchema},
    Keyword{"additionalProperties", Shape::kSchema},
    Keyword{"allOf", Shape::kSchemas},
    Keyword{"anyOf", Shape::kSchemas},
    Keyword{"contains", Shape::kSchema},
    Keyword{"definitions", Shape::kSchemaMap},
    Keyword{"$defs", Shape::kSchemaMap},
    Keyword{"dependentSchemas", Shape::kSchemaMap},
    Keyword{"description", Shape::kText},
    Keyword{"else", Shape::kSchema},
    Keyword{"enum", Shape::kArray},
    Keyword{"exclusiveMaximum", Shape::kNumber},
    Keyword{"exclusiveMinimum", Shape::kNumber},
    Keyword{"format", Shape::kText},
    Keyword{"if", Shape::kSchema},
    Keyword{"items", Shape::kSchemaOrSchemas},
    Keyword{"maxContains", Shape::kCount},
    Keyword{"maxItems", Shape::kCount},
    Keyword{"maxLength", Shape::kCount},
    Keyword{"maxProperties", Shape::kCount},
    Keyword{"maximum", Shape::kNumber},
    Keyword{"minContains", Shape::kCount},
    Keyword{"minItems", Shape::kCount},
    Keyword{"minLength", Shape::kCount},
    Keyword{"minProperties", Shape::kCount},
    Keyword{"minimum", Shape::kNumber},
    Keyword{"multipleOf", Shape::kNumber},
    Keyword{"not", Shape::kSchema},
    Keyword{"oneOf", Shape::kSchemas},
    Keyword{"pattern", Shape::kText},
    Keyword{"patternProperties", Shape::kSchemaMap},
    Keyword{"prefixItems", Shape::kSchemas},
    Keyword{"properties", Shape::kSchemaMap},
    Keyword{"propertyNames", Shape::kSchema},
    Keyword{"required", Shape::kNames},
    Keyword{"then", Shape::kSchema},
    Keyword{"title", Shape::kText},
    Keyword{"type", Shape::kType},
    Keyword{"unevaluatedItems", Shape::kSchema},
    Keyword{"unevaluatedProperties", Shape::kSchema},
    Keyword{"uniqueItems", Shape::kFlag},
};

/// Deep enough for everything generated, shallow enough for the stack.
constexpr int kMaxDepth = 200;

bool is_type_name(const Json& value) {
  if (!value.is_string()) return false;
  for (const std::string_view name :
       {"array", "boolean", "integer", "null", "number", "object", "string"}) {
    if (value.get_ref<const std::string&>() == name) return true;
  }
  return false;
}

class Checker {
 public:
  explicit Checker(const Json& document) : document_(document) { collect_ids(document, 0); }

  Problem check(const Json& schema, int depth) {
    if (schema.is_boolean()) return {};
    if (!schema.is_object()) return "a schema is an object or a boolean, not " + schema.dump();
    if (depth > kMaxDepth) return "it is nested too deeply";
    for (const Keyword& keyword : kKeywords) {
      const auto found = schema.find(keyword.name);
      if (found == schema.end()) continue;
      if (auto problem = check_keyword(keyword, *found, depth)) return problem;
    }
    for (const std::string_view keyword : {"$ref", "$dynamicRef"}) {
      const auto found = schema.find(keyword);
      if (found == schema.end()) continue;
      if (auto problem = check_reference(*found)) return problem;
    }
    return {};
  }

 private:
  static Problem wrong(const Keyword& keyword, const Json& value, const char* expected) {
    return value.dump() + " is not " + expected + " (" + std::string(keyword.name) + ")";
  }

  Problem check_all(const Json& schemas, int depth) {
    for (const Json& schema : schemas) {
      if (auto problem = check(schema, depth + 1)) return problem;
    }
    return {};
  }

  Problem check_keyword(const Keyword& keyword, const Json& value, int depth) {
    switch (keyword.shape) {
      case Shape::kSchema: return check(value, depth + 1);
      case Shape::kSchemas:
        if (!value.is_array()) return wrong(keyword, value, "a list of schemas");
        return check_all(value, depth);
      case Shape::kSchemaMap:
        if (!value.is_object()) return wrong(keyword, value, "an object of schemas");
        return check_all(value, depth);
      case Shape::kSchemaOrSchemas:
        return value.is_array() ? check_all(value, depth) : check(value, depth + 1);
      case Shape::kNumber:
        if (!value.is_number()) return wrong(keyword, value, "a number");
        return {};
      case Shape::kCount:
        if (!value.is_number_unsigned()) return wrong(keyword, value, "a count");
        return {};
      case Shape::kText:
        if (!value.is_string()) return wrong(keyword, value, "a string");
        return {};
      case Shape::kFlag:
        if (!value.is_boolean()) return wrong(keyword, value, "a boolean");
        return {};
      case Shape::kArray:
        if (!value.is_array()) return wrong(keyword, value, "an array");
        return {};
      case Shape::kNames:
        if (!value.is_array()) return wrong(keyword, value, "a list of names");
        for (const Json& name : value) {
          if (!name.is_string()) return wrong(keyword, name, "a name");
        }
        return {};
      case Shape::kType: {
        if (is_type_name(value)) return {};
        if (!value.is_array()) return wrong(keyword, value, "a type");
        for (const Json& type : value) {
          if (!is_type_name(type)) return wrong(keyword, type, "a type");
        }
        return {};
      }
    }
    return {};
  }

  /// A bundle names its parts by `$id`; references to these stay inside.
  void collect_ids(const Json& value, int depth) {
    if (depth > kMaxDepth || !value.is_structured()) return;
    if (const auto id = value.is_object() ? value.find("$id") : value.end();
        value.is_object() && id != value.end() && id->is_string()) {
      ids_.insert(id->get<std::string>());
    }
    for (const Json& child : value) collect_ids(child, depth + 1);
  }

  Problem check_reference(const Json& reference) {
    if (!reference.is_string()) return reference.dump() + " is not a reference";
    const auto& text = reference.get_ref<const std::string&>();
    const std::size_t hash = std::min(text.find('#'), text.size());
    if (hash > 0) {
      if (ids_.count(text.substr(0, hash)) > 0) return {};
      return "the schema contains an external reference " + text +
             ". Bundle the schemas that it refers to.";
    }
    const std::string pointer = text.substr(std::min(hash + 1, text.size()));
    // Anchors and escaped pointers are believed; a plain pointer must lead somewhere.
    if (pointer.empty() || pointer[0] != '/' || pointer.find('%') != std::string::npos) return {};
    try {
      if (document_.contains(Json::json_pointer(pointer))) return {};
    } catch (const Json::exception&) {  // `~2`, or an index that is no number
    }
    return "nothing is at the reference " + text;
  }

  const Json& document_;
  std::set<std::string> ids_;
};

}  // namespace

std::optional<std::string> check_json_schema(const nlohmann::json& schema) {
  return Checker(schema).check(schema, 0);
}

}  // namespace restate::protocol
