#include "schema/payload_rules.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::schema;

namespace {

const InputRules kUndeclared;
const InputRules kNone{.declared = true};
const InputRules kJson{.declared = true, .content_type = "application/json"};
const InputRules kText{.declared = true, .content_type = "text/*"};
const InputRules kAny{.declared = true, .content_type = "*/*"};
const InputRules kTyped{
    .declared = true, .content_type = "application/json", .json_schema = R"({"title":"Person"})"};
const InputRules kRequired{.declared = true, .required = true, .content_type = "application/json"};
const InputRules kImpossible{.declared = true, .required = true};

bool takes(const InputRules& rules, std::optional<std::string_view> type, bool empty) {
  return !refuse_input(rules, type, empty);
}

}  // namespace

TEST_CASE("inputs are matched against the declared content type", "[schema][payload]") {
  CHECK(takes(kJson, "application/json", false));
  CHECK(takes(kJson, "application/json; charset=utf-8", false));
  CHECK(takes(kJson, "application/json ;charset=utf-8", false));
  CHECK(takes(kJson, "application/json", true));
  CHECK(takes(kJson, std::nullopt, true));
  CHECK_FALSE(takes(kJson, "Application/JSON", false));
  CHECK_FALSE(takes(kJson, "json", false));
  CHECK_FALSE(takes(kJson, "", false));
  CHECK(refuse_input(kJson, std::nullopt, false) == "Empty content-type");
  CHECK(refuse_input(kJson, "text/plain", false) ==
        "Content-type 'text/plain' does not match 'application/json'");
  CHECK(takes(kText, "text/html; q=1", false));
  CHECK_FALSE(takes(kText, "text", false));
  CHECK(takes(kAny, "anything", false));
  CHECK_FALSE(takes(kAny, std::nullopt, false));
  CHECK(takes(kAny, std::nullopt, true));
  CHECK(takes(kUndeclared, std::nullopt, true));
  CHECK(takes(kUndeclared, "x/y", false));
  CHECK_FALSE(takes(kUndeclared, std::nullopt, false));
}

TEST_CASE("a handler without input takes nothing", "[schema][payload]") {
  CHECK(takes(kNone, std::nullopt, true));
  CHECK(refuse_input(kNone, "application/json", true) ==
        "Expected body and content-type to be empty, but wasn't with content-type "
        "'Some(\"application/json\")'");
  CHECK(refuse_input(kNone, std::nullopt, false) ==
        "Expected body and content-type to be empty, but wasn't with content-type 'None'");
  CHECK_FALSE(takes(kImpossible, std::nullopt, true));
  CHECK_FALSE(takes(kImpossible, "application/json", false));
}

TEST_CASE("a JSON schema asks for a body, and required for an input", "[schema][payload]") {
  CHECK(refuse_input(kTyped, "application/json", true) == "Empty body not allowed");
  CHECK(takes(kTyped, "application/json", false));
  CHECK(takes(kTyped, std::nullopt, true));
  CHECK(refuse_input(kRequired, std::nullopt, true) == "Empty content-type");
}

TEST_CASE("outputs get the declared content type", "[schema][payload]") {
  OutputRules rules;
  CHECK(output_content_type(rules, false) == "application/json");
  CHECK(output_content_type(rules, true).empty());
  rules.declared = true;
  CHECK(output_content_type(rules, false).empty());
  rules.content_type = "application/x-foo";
  CHECK(output_content_type(rules, false) == "application/x-foo");
  CHECK(output_content_type(rules, true).empty());
  rules.set_content_type_if_empty = true;
  CHECK(output_content_type(rules, true) == "application/x-foo");
}

TEST_CASE("payload rules are described for people", "[schema][payload]") {
  CHECK(describe(kUndeclared) == "*/*");
  CHECK(describe(kNone) == "none");
  CHECK(describe(kJson) == "application/json");
  CHECK(describe(kTyped) == "JSON 'Person'");
  CHECK(describe(InputRules{true, false, "application/json", R"({"type":"string"})"}) ==
        "JSON string");
  CHECK(describe(InputRules{true, false, "application/json", R"({"anyOf":[]})"}) ==
        "application/json");
  CHECK(describe(OutputRules{}) == "application/json");
  CHECK(describe(OutputRules{.declared = true}) == "none");
  CHECK(describe(OutputRules{true, "text/plain", false, std::nullopt}) == "text/plain");
  CHECK(describe(OutputRules{true, "text/plain", true, std::nullopt}) == "optional text/plain");
}
