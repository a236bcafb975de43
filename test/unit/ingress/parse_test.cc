#include "ingress/parse.h"

#include "fixtures.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::ingress;

namespace {

/// What a path means, in one line.
std::string meaning(std::string_view raw) {
  static const schema::SchemaPtr schema = ingress::testing::recorded_services();
  std::string storage;
  const Route route = parse_path(normalise(raw, storage), *schema);
  const auto mode = [](ResultMode m) { return std::string(m == ResultMode::kAttach ? "attach" : "output"); };
  if (const auto* r = std::get_if<Refusal>(&route)) return std::to_string(r->status);
  if (const auto* r = std::get_if<InvokeRoute>(&route)) {
    return std::string(r->send ? "send " : "call ") + r->service->name + "[" + r->key + "]" +
           std::string(r->handler) + (r->scope ? " in " + *r->scope : "");
  }
  if (const auto* r = std::get_if<ResultByIdRoute>(&route)) return mode(r->mode) + " id " + std::string(r->id);
  if (const auto* r = std::get_if<ResultByKeyRoute>(&route)) {
    return mode(r->mode) + " " + r->service->name + "[" + r->key + "]" + std::string(r->handler) + " ik " +
           std::string(r->idempotency_key);
  }
  if (const auto* r = std::get_if<ResultOfWorkflowRoute>(&route)) {
    return mode(r->mode) + " wf " + std::string(r->workflow) + "[" + r->key + "]";
  }
  if (const auto* r = std::get_if<ResultOfTargetRoute>(&route)) return mode(r->mode) + " target";
  if (std::get_if<LookupRoute>(&route) != nullptr) return "lookup";
  if (const auto* r = std::get_if<AwakeableRoute>(&route)) {
    return (r->resolve ? "resolve " : "reject ") + std::string(r->id);
  }
  return "health";
}

}  // namespace

TEST_CASE("classic paths name a service, perhaps a key, and a handler", "[ingress][parse]") {
  CHECK(meaning("/Svc/echo") == "call Svc[]echo");
  CHECK(meaning("/Svc/echo/") == "call Svc[]echo");
  CHECK(meaning("/Svc/echo///") == "call Svc[]echo");
  CHECK(meaning("//Svc/echo") == "call Svc[]echo");
  CHECK(meaning("/Svc/echo/send") == "send Svc[]echo");
  CHECK(meaning("/Svc/nope") == "call Svc[]nope");
  CHECK(meaning("/Svc/ech%6f") == "call Svc[]ech%6f");
  CHECK(meaning("/Obj//key") == "call Obj[]key");
  CHECK(meaning("/Obj/k/send") == "call Obj[k]send");
  CHECK(meaning("/Obj/k/send/send") == "send Obj[k]send");
  CHECK(meaning("/send/send") == "call send[]send");
  CHECK(meaning("/send/send/send") == "send send[]send");
}

TEST_CASE("paths that mean nothing are refused", "[ingress][parse]") {
  for (const char* path : {"/", "/Svc", "/Svc/", "/a/b/c/d/e/f/g/h", "/restate", "/openapi", "/health",
                           "", "*", "foo:80", "Svc/echo/x", "/Svc//echo", "/Svc/echo/foo",
                           "/Svc/echo/send/foo", "/Obj/k", "/Obj/k/add/foo", "/Obj/%ff/key"}) {
    CAPTURE(path);
    CHECK(meaning(path) == "400");
  }
  for (const char* path : {"/a/b/c/d/e/f/g", "/Nope/greet", "/svc/echo", "/S%76c/echo",
                           "/restate/unknown", "/restate/foo/bar/baz", "/openapi/Svc"}) {
    CAPTURE(path);
    CHECK(meaning(path) == "404");
  }
}

TEST_CASE("keys are percent-decoded once", "[ingress][parse]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"simple", "simple"}, {"a%2Fb", "a/b"}, {"a%20b", "a b"}, {"a+b", "a+b"},
      {"%C3%A9%E2%82%AC", "\u00e9\u20ac"}, {"%zz", "%zz"}, {"a%", "a%"}, {"%2", "%2"}, {"%25", "%"},
      {"%2525", "%25"}, {"a%3Fb%23c", "a?b#c"}, {"..", ".."}, {".", "."}, {"%2e%2e", ".."},
      {"\u00e9", "\u00e9"}, {"%00", std::string(1, '\0')}};
  for (const auto& [raw, key] : cases) {
    CAPTURE(raw);
    CHECK(meaning("/Obj/" + raw + "/key") == "call Obj[" + key + "]key");
  }
}

TEST_CASE("the newer routes take exactly their segments", "[ingress][parse]") {
  CHECK(meaning("/restate/call/Svc/echo") == "call Svc[]echo");
  CHECK(meaning("/restate/send/Obj/n%2F1/add") == "send Obj[n/1]add");
  CHECK(meaning("/restate/call/Obj//key") == "call Obj[]key");
  CHECK(meaning("/restate/scope/t-1/call/Svc/echo") == "call Svc[]echo in t-1");
  CHECK(meaning("/restate/scope/a%20b/send/Obj/k/add") == "send Obj[k]add in a b");
  CHECK(meaning("/restate/call//echo") == "404");
  CHECK(meaning("/restate/call/Nope/x") == "404");
  for (const char* path :
       {"/restate/call", "/restate/call/Svc", "/restate/call/Obj/k", "/restate/call/Svc/echo/send",
        "/restate/call/Obj/k/key/send", "/restate/send/Svc/echo/send", "/restate/call/Obj/%ff/key",
        "/restate/scope", "/restate/scope/s", "/restate/scope/s/call", "/restate/scope/s/call/Svc",
        "/restate/scope/s/attach/x", "/restate/scope/s/call/Svc/echo/x",
        "/restate/scope/s/call/Obj/k/key/x", "/restate/scope/%ff/call/Svc/echo"}) {
    CAPTURE(path);
    CHECK(meaning(path) == "400");
  }
}

TEST_CASE("results are asked for by id, key, workflow or body", "[ingress][parse]") {
  CHECK(meaning("/restate/invocation/inv_1x/attach") == "attach id inv_1x");
  CHECK(meaning("/restate/invocation/Svc/echo/a%20b/output") == "output Svc[]echo ik a%20b");
  CHECK(meaning("/restate/invocation/Obj/o%201/add/k/attach") == "attach Obj[o 1]add ik k");
  CHECK(meaning("/restate/invocation/Svc/echo/k/output/more") == "output Svc[]echo ik k");
  CHECK(meaning("/restate/workflow/Nope/k%2F1/output") == "output wf Nope[k/1]");
  CHECK(meaning("/restate/workflow/Wf/k/attach/more") == "attach wf Wf[k]");
  CHECK(meaning("/restate/attach/inv_1x") == "attach id inv_1x");
  CHECK(meaning("/restate/output") == "output target");
  CHECK(meaning("/restate/lookup") == "lookup");
  CHECK(meaning("/restate/invocation/inv_1x/foo") == "404");
  CHECK(meaning("/restate/invocation/inv_1x/cancel") == "404");
  CHECK(meaning("/restate/invocation/Nope/echo/k/output") == "404");
  CHECK(meaning("/restate/workflow/Wf/k/foo") == "404");
  for (const char* path :
       {"/restate/invocation", "/restate/invocation/inv_1x", "/restate/invocation/Obj/k/add/output",
        "/restate/invocation/Svc/echo/k", "/restate/workflow", "/restate/workflow/Wf",
        "/restate/workflow/Wf/k", "/restate/attach/inv_1x/x", "/restate/lookup/x"}) {
    CAPTURE(path);
    CHECK(meaning(path) == "400");
  }
}

TEST_CASE("awakeables and health ignore what follows", "[ingress][parse]") {
  CHECK(meaning("/restate/awakeables/sign_1x/resolve") == "resolve sign_1x");
  CHECK(meaning("/restate/a/sign_1x/reject/more") == "reject sign_1x");
  CHECK(meaning("/restate/awakeables//resolve") == "resolve ");
  CHECK(meaning("/restate/awakeables/sign_1x/foo") == "404");
  CHECK(meaning("/restate/awakeables/sign_1x") == "400");
  CHECK(meaning("/restate/awakeables") == "400");
  CHECK(meaning("/restate/health") == "health");
  CHECK(meaning("/restate/health/foo/bar/") == "health");
}

TEST_CASE("query parameters are form-urlencoded", "[ingress][parse]") {
  CHECK(query_parameter("delay=10+s", "delay") == "10 s");
  CHECK(query_parameter("x&DELAY=10%20s", "delay") == "10 s");
  CHECK(query_parameter("delay=1&delay=2", "delay") == "1");
  CHECK(query_parameter("delay", "delay") == "");
  CHECK(query_parameter("delaySec=1", "delay") == std::nullopt);
  CHECK(query_parameter("", "delay") == std::nullopt);
}
