// Replays the recorded admin exchanges that need no running invocation: what clients depend on is
// compared exactly, texts for people are not.

#include "bench.h"
#include "support/catch.h"

#include <fstream>
#include <set>
#include <sstream>

using namespace restate;
using namespace restate::admin;
using namespace restate::admin::testing;

namespace {

using Bindings = std::map<std::string, std::string>;

Json load_vectors() {
  std::ifstream file(RESTATE_SOURCE_DIR "/test/compat/vectors/admin.json");
  std::stringstream text;
  text << file.rdbuf();
  auto json = schema::parse_json(text.str());
  REQUIRE(json);
  return *json;
}

std::string substitute(std::string text, const Bindings& bindings) {
  for (const auto& [name, value] : bindings) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      text.replace(at, name.size(), value);
      at += value.size();
    }
  }
  return text;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// An unbound id matches a word and is bound to it.
bool match_text(std::string expected, const std::string& actual, Bindings& bindings) {
  expected = substitute(expected, bindings);
  if (expected == "${msg}") return !actual.empty();
  if (expected == "${any}") return true;
  if (expected == "${ts}") return actual.size() == 30 && actual.ends_with("Z");
  const std::size_t open = expected.find("${");
  if (open == std::string::npos) return expected == actual;
  const std::size_t close = expected.find('}', open);
  if (actual.compare(0, open, expected, 0, open) != 0) return false;
  std::size_t end = open;
  while (end < actual.size() && is_word(actual[end])) ++end;
  if (end == open || actual.substr(end) != expected.substr(close + 1)) return false;
  bindings[expected.substr(open, close + 1 - open)] = actual.substr(open, end - open);
  return true;
}

bool match(const Json& expected, const Json& actual, Bindings& bindings, const std::string& name);

bool match_list(const Json& expected, const Json& actual, Bindings& bindings, bool ordered) {
  if (!actual.is_array() || expected.size() != actual.size()) return false;
  std::vector<bool> taken(actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    bool found = false;
    for (std::size_t j = 0; j < actual.size() && !found; ++j) {
      if (taken[j] || (ordered && j != i)) continue;
      Bindings attempt = bindings;
      if (!match(expected[i], actual[j], attempt, {})) continue;
      bindings = std::move(attempt);
      taken[j] = found = true;
    }
    if (!found) return false;
  }
  return true;
}

bool match(const Json& expected, const Json& actual, Bindings& bindings, const std::string& name) {
  static const std::set<std::string> kUnordered{"handlers",      "services", "deployments",
                                                "subscriptions", "clusters", "succeeded", "failed"};
  if (expected == "${any}") return true;
  if (expected == "${millis}") return actual.is_number_unsigned();
  if (expected == "${bool-map}") return actual.is_object() && !actual.empty();
  if (expected.is_string()) {
    return actual.is_string() && match_text(expected.get<std::string>(),
                                            actual.get_ref<const std::string&>(), bindings);
  }
  if (expected.is_array()) return match_list(expected, actual, bindings, !kUnordered.contains(name));
  if (!expected.is_object()) return expected == actual;
  if (!actual.is_object() || expected.size() != actual.size()) return false;
  for (const auto& [member, value] : expected.items()) {
    if (!actual.contains(member) || !match(value, actual[member], bindings, member)) return false;
  }
  return true;
}

/// Steps whose answers differ on purpose.
const std::set<std::string> kDeviations{
    "svc-patch-duration-17",  // microseconds are rounded up to a millisecond
};

/// The others need SQL, endpoints with code, or invocations.
bool is_replayed(const std::string& id) {
  static const std::set<std::string> kOthers{
      "inv-delete-bad-mode", "inv-cancel-get", "inv-get-none", "batch-malformed-id", "batch-empty",
      "batch-resume-bad-dep", "batch-resume-dep", "batch-get", "batch-v4", "kafka-list-empty",
      "sub-list-empty", "query-get", "query-no-ct", "query-bad-json", "query-missing-field",
      "x-trailing-slash", "x-vq-pause-unknown", "x-vq-resume-unknown"};
  if (kOthers.contains(id)) return true;
  if (id.starts_with("state-read") || id == "rules-list-sql") return false;
  if (id.starts_with("inv-") || id.starts_with("batch-")) {
    return id.ends_with("-malformed") || id.ends_with("-missing");
  }
  for (const char* group : {"dep-", "svc-", "upd-", "del-", "state-", "meta-", "vq-", "rules-", "ui"}) {
    if (id.starts_with(group)) return true;
  }
  return false;
}

FakeStream send(Bench& bench, const Json& request, const Bindings& bindings) {
  std::vector<http::Header> headers;
  std::string body = request.value("raw_body", std::string());
  if (request.contains("headers")) {
    for (const auto& [name, value] : request["headers"].items()) {
      headers.push_back({name, value.get<std::string>()});
    }
  }
  if (request.contains("json")) {
    body = substitute(schema::json_text(request["json"]), bindings);
    headers.push_back({"content-type", "application/json"});
  }
  return bench.request(request["method"].get<std::string>(),
                       substitute(request["path"].get<std::string>(), bindings), body, headers);
}

void check(const FakeStream& stream, const Json& step, const Json& expected, Bindings& bindings) {
  CHECK(stream.answer->status == expected["status"].get<int>());
  if (expected.contains("headers")) {
    for (const auto& [name, value] : expected["headers"].items()) {
      CAPTURE(name);
      CHECK(match_text(value.get<std::string>(), stream.header(name), bindings));
    }
  }
  if (step["match"] == "status") return;
  if (expected.value("empty", false)) CHECK(stream.text.empty());
  if (expected.contains("json")) {
    const auto actual = schema::parse_json(stream.text);
    REQUIRE(actual);
    CHECK(match(expected["json"], *actual, bindings, {}));
  }
  // The validator of the recorded server spoke of its own insides here.
  if (!expected.contains("message_mentions") || step["id"] == "dep-reg-manifest-badschema") return;
  for (const Json& word : expected["message_mentions"]) {
    const std::string mentioned = substitute(word.get<std::string>(), bindings);
    CAPTURE(mentioned);
    CHECK(stream.text.find(mentioned) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("recorded exchanges are answered as recorded", "[admin][vectors]") {
  const Json vectors = load_vectors();
  Bench bench(vectors["fixtures"]["manifests"]);
  Bindings bindings{{"${fake-h2c}", kHttp2Endpoint},
                    {"${fake-h1}", kHttp1Endpoint},
                    {"${ingress}", "127.0.0.1:8080"}};
  for (const auto& [name, value] : vectors["meta"]["constants"].items()) {
    bindings[name] = value.get<std::string>();
  }
  int replayed = 0;
  for (const Json& step : vectors["steps"]) {
    if (!step.contains("request") || step.value("target", "admin") != "admin") continue;
    const std::string id = step["id"];
    if (!is_replayed(id)) continue;
    ++replayed;
    CAPTURE(id);
    const FakeStream stream = send(bench, step["request"], bindings);
    if (kDeviations.contains(id)) continue;
    const Json& expected = step.contains("response") ? step["response"] : step["expect"];
    INFO(stream.text);
    INFO(schema::json_text(expected));
    check(stream, step, expected, bindings);
  }
  CHECK(replayed > 210);
}
