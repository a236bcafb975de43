#include "bench.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::admin;
using namespace restate::admin::testing;

namespace {

constexpr const char* kRules = "/limits/rules";
constexpr const char* kDelete = "/limits/rules/bulk-delete";

int status(Bench& bench, const std::string& body, const char* path = kRules) {
  return bench.json(path == kRules ? "PUT" : "POST", path, body).answer->status;
}

std::string text(Bench& bench, const std::string& body, const char* path = kRules) {
  return bench.json(path == kRules ? "PUT" : "POST", path, body).text;
}

}  // namespace

TEST_CASE("a batch of rules is one version of the book", "[admin][rules]") {
  Bench bench;
  const Json rules = *schema::parse_json(
      text(bench, R"([{"pattern":"a","limits":{"concurrency":1}},{"pattern":"b/","description":""}])"));
  CHECK(rules[0]["version"] == 1);
  CHECK(rules[1]["version"] == 1);
  CHECK(rules[1]["pattern"] == "b");
  CHECK(rules[1]["limits"] == Json::object());
  CHECK(rules[1]["description"] == "");
  CHECK(bench.rules.current()->version == 1);
  CHECK(bench.rules.current()->concurrency("a") == 1u);
  CHECK(bench.store.writes == 1);

  SECTION("a pattern that comes twice is answered as it is in the end, twice") {
    const Json twice =
        *schema::parse_json(text(bench, R"([{"pattern":"d"},{"pattern":"d","disabled":true}])"));
    CHECK(twice[0] == twice[1]);
    CHECK(twice[0]["version"] == 3);
  }
  SECTION("what changes nothing is not written") {
    CHECK(status(bench, R"([{"pattern":"a","limits":{"concurrency":1}}])") == 200);
    CHECK(status(bench, "[]") == 200);
    CHECK(text(bench, R"([{"pattern":"zz"}])", kDelete) == "[]");
    CHECK(bench.store.writes == 1);
  }
  SECTION("deletions name what was there") {
    CHECK(text(bench, R"([{"pattern":"a"},{"pattern":"zz"},{"pattern":"a"},)"
                      R"({"pattern":"b/","expected_version":1}])",
               kDelete) == R"(["a","a","b"])");
    CHECK(bench.rules.current()->rules.empty());
    CHECK(bench.rules.current()->version == 2);
  }
}

TEST_CASE("a body that is no list of rules is refused before anything is looked at",
          "[admin][rules]") {
  Bench bench;
  for (const char* rule :
       {R"(5)", R"({})", R"({"pattern":5})", R"({"pattern":"a","limits":null})",
        R"({"pattern":"a","limits":{"concurrency":0}})",
        R"({"pattern":"a","limits":{"concurrency":4294967296}})",
        R"({"pattern":"a","limits":{"concurrency":"1"}})", R"({"pattern":"a","disabled":null})",
        R"({"pattern":"a","description":1})", R"({"pattern":"a","precondition":null})",
        R"({"pattern":"a","precondition":"none"})", R"({"pattern":"a","precondition":{}})",
        R"({"pattern":"a","precondition":{"type":"matches"}})",
        R"({"pattern":"a","precondition":{"type":"matches","version":-1}})",
        R"({"pattern":"a","precondition":{"type":"none","version":1}})"}) {
    CAPTURE(rule);
    CHECK(status(bench, R"([{"pattern":"first"},)" + std::string(rule) + "]") == 422);
  }
  CHECK(text(bench, R"([{"pattern":"a"},{"pattern":"a b"}])").find("[1].pattern") !=
        std::string::npos);
  CHECK(status(bench, R"([{"pattern":"a","expected_version":"1"}])", kDelete) == 422);
  CHECK(status(bench, R"(["a"])", kDelete) == 422);
  CHECK(status(bench, "{}", kDelete) == 422);
  CHECK(status(bench, "no") == 400);
  CHECK(bench.request("PUT", kRules, "[]").answer->status == 415);
  CHECK(bench.request("GET", kRules).answer->status == 405);
  CHECK(bench.store.writes == 0);

  // These are no mistakes.
  CHECK(status(bench, R"([{"pattern":"a","limits":{"concurrency":null,"x":1},"description":null,)"
                      R"("unknown":1,"precondition":{"type":"none"}}])") == 200);
}

TEST_CASE("two admins do not undo each other's rules", "[admin][rules]") {
  Bench bench;
  RulesClient other(bench.world.shard(), bench.store);
  bool started = false;
  other.start(Completion<void>(bench.world.shard(), [&](Result<void> done) { started = bool(done); }));
  REQUIRE(bench.world.run_until([&] { return started; }));
  int done = 0;
  for (RulesClient* client : {&bench.rules, &other}) {
    const std::string scope = client == &other ? "theirs" : "ours";
    client->change(
        [scope](const schema::RuleBook& before) {
          return schema::upsert_rules(before, {{.pattern = {scope, {}, {}}, .concurrency = 3}}, {1});
        },
        Completion<RulesClient::Changed>(bench.world.shard(),
                                         [&](Result<RulesClient::Changed> changed) {
                                           CHECK(changed);
                                           ++done;
                                         }));
  }
  REQUIRE(bench.world.run_until([&] { return done == 2; }));
  REQUIRE(bench.world.run_until_idle());
  for (RulesClient* client : {&bench.rules, &other}) {
    CHECK(client->current()->version == 2);
    CHECK(client->current()->concurrency("ours") == 3u);
    CHECK(client->current()->concurrency("theirs") == 3u);
  }
}
