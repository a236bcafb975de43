#include "schema/scope_name.h"

#include "support/catch.h"

using namespace restate::schema;

TEST_CASE("scopes and limit keys are short plain names", "[schema][scope]") {
  CHECK_FALSE(refuse_scope("a.b_c-D9"));
  CHECK_FALSE(refuse_scope(std::string(36, 'x')));
  CHECK(refuse_scope(""));
  CHECK(refuse_scope(std::string(37, 'x')));
  CHECK(refuse_scope("a b"));
  CHECK(parse_limit_key("").text.empty());
  CHECK_FALSE(parse_limit_key("").refusal);
  CHECK(parse_limit_key("a/b/").text == "a/b");
  CHECK(parse_limit_key("a").text == "a");
  for (const char* bad : {"a b", "a/b/c", "/", "a//", "\u00e9"}) CHECK(parse_limit_key(bad).refusal);
}
