#include "schema/rule_book.h"

#include "schema/limits.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::schema;

namespace {

RulePattern pattern(std::string_view text) {
  const ParsedPattern parsed = parse_pattern(text);
  REQUIRE_FALSE(parsed.refusal);
  return parsed.pattern;
}

RuleUpsert limit(std::string_view text, std::optional<std::uint32_t> concurrency) {
  return {.pattern = pattern(text), .concurrency = concurrency};
}

RuleBook book_of(const std::vector<RuleUpsert>& changes) {
  auto book = upsert_rules({}, changes, WallTime{1'000});
  REQUIRE(book);
  return *book;
}

constexpr std::optional<std::uint32_t> kUnlimited;

}  // namespace

TEST_CASE("patterns have one to three parts, each a name or a star", "[schema][rules]") {
  CHECK(pattern("a").str() == "a");
  CHECK(pattern("*/b").str() == "*/b");
  CHECK(pattern("a/*/c.d_E-9").str() == "a/*/c.d_E-9");
  CHECK(pattern("a/b/c/").str() == "a/b/c");
  CHECK(pattern(std::string(36, 'x')).scope.size() == 36);
  for (const char* bad : {"", "/", "a//", "//a", "a b", "a*", "**", "a/b/c/d", "a/b/c//", "\u00e9"}) {
    INFO(bad);
    CHECK(parse_pattern(bad).refusal);
  }
  CHECK(parse_pattern(std::string(37, 'x')).refusal);
}

TEST_CASE("the most specific rule of a counter's depth counts", "[schema][rules]") {
  const RuleBook book = book_of({limit("*", 1), limit("s", 2), limit("*/*", 3), limit("*/a", 4),
                                 limit("s/*", 5), limit("s/a", 6), limit("*/*/*", 7),
                                 limit("*/*/x", 8), limit("*/a/*", 9), limit("*/a/x", 10),
                                 limit("s/*/*", 11), limit("s/*/x", 12), limit("s/a/*", 13),
                                 limit("s/a/x", 14)});
  CHECK(book.concurrency("other") == 1u);
  CHECK(book.concurrency("s") == 2u);
  CHECK(book.concurrency("other", "b") == 3u);
  CHECK(book.concurrency("other", "a") == 4u);
  CHECK(book.concurrency("s", "b") == 5u);
  CHECK(book.concurrency("s", "a") == 6u);
  CHECK(book.concurrency("other", "b", "y") == 7u);
  CHECK(book.concurrency("other", "b", "x") == 8u);
  CHECK(book.concurrency("other", "a", "y") == 9u);
  CHECK(book.concurrency("other", "a", "x") == 10u);
  CHECK(book.concurrency("s", "b", "y") == 11u);
  CHECK(book.concurrency("s", "b", "x") == 12u);
  CHECK(book.concurrency("s", "a", "y") == 13u);
  CHECK(book.concurrency("s", "a", "x") == 14u);
  CHECK(book.find("s", "b", "x")->first.str() == "s/*/x");
}

TEST_CASE("a literal scope outweighs both levels of a wider rule", "[schema][rules]") {
  const RuleBook book = book_of({limit("s/*/*", 1), limit("*/a/x", 2)});
  CHECK(book.concurrency("s", "a", "x") == 1u);
  CHECK(book.concurrency("t", "a", "x") == 2u);
}

TEST_CASE("rules of other depths do not count", "[schema][rules]") {
  const RuleBook book = book_of({limit("s", 1), limit("s/*/*", 3)});
  CHECK(book.concurrency("s", "a") == kUnlimited);
  CHECK(book.find("s", "a") == nullptr);
  CHECK(RuleBook{}.concurrency("s") == kUnlimited);
}

TEST_CASE("disabled rules step aside, rules without a limit make an exception", "[schema][rules]") {
  RuleUpsert off = limit("s", 1);
  off.disabled = true;
  const RuleBook book = book_of({limit("*", 5), off, limit("vip", std::nullopt)});
  CHECK(book.concurrency("s") == 5u);
  CHECK(book.concurrency("vip") == kUnlimited);
  CHECK(book.find("vip")->first.str() == "vip");
}

TEST_CASE("versions grow with the limits, the book's with everything", "[schema][rules]") {
  RuleBook book = book_of({limit("a", 1), limit("b", 1)});
  CHECK(book.version == 1);
  CHECK(book.rules.at(pattern("a")).version == 1);
  CHECK(book.rules.at(pattern("b")).version == 1);

  SECTION("the same again changes nothing") {
    const auto same = upsert_rules(book, {limit("a", 1)}, WallTime{2'000});
    CHECK(*same == book);
  }
  SECTION("a description is no new version of the rule") {
    RuleUpsert described = limit("a", 1);
    described.description = "why";
    book = *upsert_rules(book, {described}, WallTime{2'000});
    CHECK(book.version == 2);
    CHECK(book.rules.at(pattern("a")) == Rule{1, "why", false, 1, WallTime{2'000}});
    book = *upsert_rules(book, {limit("a", 1)}, WallTime{3'000});
    CHECK_FALSE(book.rules.at(pattern("a")).description);
    CHECK(book.version == 3);
  }
  SECTION("limits and `disabled` are") {
    RuleUpsert off = limit("a", 2);
    off.disabled = true;
    book = *upsert_rules(book, {limit("a", 2), off}, WallTime{2'000});
    CHECK(book.version == 2);
    CHECK(book.rules.at(pattern("a")) == Rule{2, std::nullopt, true, 3, WallTime{2'000}});
    CHECK(book.rules.at(pattern("b")).modified_at == WallTime{1'000});
  }
  SECTION("a pattern that comes back starts behind the book") {
    book = *delete_rules(book, {{pattern("a"), std::nullopt}});
    CHECK(book.version == 2);
    book = *upsert_rules(book, {limit("a", 1)}, WallTime{2'000});
    CHECK(book.rules.at(pattern("a")).version == 3);
    CHECK(book.version == 3);
  }
}

TEST_CASE("a batch of rules is all or nothing", "[schema][rules]") {
  using Kind = RulePrecondition::Kind;
  const RuleBook book = book_of({limit("a", 1)});
  const auto status = [&](std::string_view text, RulePrecondition precondition) {
    RuleUpsert change = limit(text, 9);
    change.precondition = precondition;
    const auto result = upsert_rules(book, {limit("new", 1), change}, WallTime{2'000});
    return result ? 200 : result.error().status;
  };
  CHECK(status("a", {}) == 200);
  CHECK(status("a", {Kind::kMatches, 1}) == 200);
  CHECK(status("a", {Kind::kMatches, 2}) == 409);
  CHECK(status("a", {Kind::kDoesNotExist}) == 409);
  CHECK(status("b", {Kind::kDoesNotExist}) == 200);
  CHECK(status("b", {Kind::kMatches, 1}) == 409);
  CHECK(status("new", {Kind::kDoesNotExist}) == 409);  // the batch has just made it

  const auto remove = [&](const std::vector<RuleDelete>& changes) {
    const auto result = delete_rules(book, changes);
    return result ? 200 : result.error().status;
  };
  CHECK(remove({{pattern("a"), 1}}) == 200);
  CHECK(remove({{pattern("a"), 2}}) == 409);
  CHECK(remove({{pattern("b"), std::nullopt}}) == 200);
  CHECK(remove({{pattern("a"), std::nullopt}, {pattern("b"), 1}}) == 409);
  CHECK(*delete_rules(book, {{pattern("b"), std::nullopt}}) == book);
}

TEST_CASE("a rule book is full at its limit", "[schema][rules]") {
  std::vector<RuleUpsert> changes;
  for (std::size_t i = 0; i < kMaxRules; ++i) changes.push_back(limit("r" + std::to_string(i), 1));
  const RuleBook book = book_of(changes);
  CHECK(book.rules.size() == kMaxRules);
  const auto more = upsert_rules(book, {limit("one-more", 1)}, WallTime{2'000});
  REQUIRE_FALSE(more);
  CHECK(more.error().status == 422);
  CHECK(upsert_rules(book, {limit("r7", 2)}, WallTime{2'000}));
}

TEST_CASE("rule books survive their encoding, byte for byte", "[schema][rules]") {
  RuleUpsert off = limit("s/l1/l2", std::nullopt);
  off.disabled = true;
  off.description = "paused \u00e9";
  const RuleBook book = book_of({off, limit("*", 3), limit("s/*", 1)});
  const std::string text = encode(book);
  CHECK(text ==
        R"({"rules":[{"concurrency":3,"modified_at_ms":1000,"pattern":"*","version":1},)"
        R"({"concurrency":1,"modified_at_ms":1000,"pattern":"s/*","version":1},)"
        "{\"description\":\"paused \u00e9\",\"disabled\":true,\"modified_at_ms\":1000,"
        R"("pattern":"s/l1/l2","version":1}],"version":1})");
  const auto back = decode_rule_book(text);
  REQUIRE(back);
  CHECK(*back == book);
  CHECK(*decode_rule_book(encode(RuleBook{})) == RuleBook{});
  CHECK(decode_rule_book(R"({"rules":[],"version":7,"later":1})")->version == 7);
  for (const char* bad :
       {"", "[]", R"({"version":1})", R"({"rules":[],"version":-1})", R"({"rules":[{}],"version":1})",
        R"({"rules":[{"pattern":"a b","version":1,"modified_at_ms":1}],"version":1})",
        R"({"rules":[{"pattern":"a","version":1,"modified_at_ms":1,"concurrency":0}],"version":1})"}) {
    INFO(bad);
    CHECK_FALSE(decode_rule_book(bad));
  }
}
