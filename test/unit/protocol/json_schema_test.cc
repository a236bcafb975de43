#include "protocol/json_schema.h"

#include "support/catch.h"

#include <nlohmann/json.hpp>

using restate::protocol::check_json_schema;
using nlohmann::json;

namespace {
bool valid(const char* text) { return !check_json_schema(json::parse(text)).has_value(); }
}  // namespace

TEST_CASE("schemas that generators write are accepted", "[protocol][schema]") {
  CHECK(valid("true"));
  CHECK(valid("{}"));
  CHECK(valid(R"({"$schema":"http://json-schema.org/draft-07/schema#","type":["string","null"]})"));
  CHECK(valid(R"({"type":"object","properties":{"a":{"type":"integer","minimum":0}},
                  "required":["a"],"additionalProperties":false})"));
  CHECK(valid(R"({"$ref":"#/definitions/A","definitions":{"A":{"type":"string"}}})"));
  CHECK(valid(R"({"$ref":"#/$defs/My%20Type","$defs":{"My Type":{}}})"));
  CHECK(valid(R"({"$ref":"https://x.y/z","$defs":{"z":{"$id":"https://x.y/z","type":"string"}}})"));
  CHECK(valid(R"({"properties":{"type":{"const":1},"$ref":{"type":"string"}}})"));
  CHECK(valid(R"({"items":[{"type":"string"}],"x-own":{"anything":1}})"));
}

TEST_CASE("what is no schema is refused", "[protocol][schema]") {
  CHECK_FALSE(valid("1"));
  CHECK_FALSE(valid(R"({"type":"foo"})"));
  CHECK_FALSE(valid(R"({"type":["string","foo"]})"));
  CHECK_FALSE(valid(R"({"properties":{"a":{"items":{"type":"foo"}}}})"));
  CHECK_FALSE(valid(R"({"anyOf":{}})"));
  CHECK_FALSE(valid(R"({"required":"a"})"));
  CHECK_FALSE(valid(R"({"minLength":-1})"));
  CHECK_FALSE(valid(R"({"$ref":"http://x.y/z"})"));
  CHECK_FALSE(valid(R"({"$ref":"other.json#/a"})"));
  CHECK_FALSE(valid(R"({"$ref":"#/definitions/Missing"})"));
  CHECK_FALSE(valid(R"({"$ref":7})"));
}
