#include "native/registry.h"

#include "protocol/discovery.h"
#include "support/catch.h"

#include <restate/context.h>
#include <restate/json.h>

using namespace restate;
using namespace restate::native;

namespace {

Result<Bytes> nothing(Context&, Bytes) { return Bytes(); }

ServiceRegistry example() {
  ServiceRegistry registry;
  REQUIRE(registry.add(Service("Greeter").handler("greet", nothing)));
  REQUIRE(registry.add(
      Object("Counter").handler("add", nothing).shared("get", nothing).options({.ingress_private = true})));
  HandlerOptions run;
  run.workflow_retention_ms = 5000;
  run.accept = "application/json";
  run.retry_kill = true;
  run.documentation = "runs";
  REQUIRE(registry.add(Workflow("Order").run(nothing, run).shared("status", [](Context&) {})));
  return registry;
}

}  // namespace

TEST_CASE("the manifest of native services passes discovery", "[native][registry]") {
  const auto parsed = protocol::parse_discovery(
      200,
      {{"content-type", std::string(kManifestContentType)}, {"x-restate-server", std::string(kServerName)}},
      manifest_json(example()), {});
  if (const auto* error = std::get_if<protocol::DiscoveryError>(&parsed)) FAIL(error->message);
  const auto& manifest = std::get<protocol::Manifest>(parsed);
  CHECK(manifest.bidi);
  CHECK(manifest.min_protocol == 5);
  CHECK(manifest.max_protocol == 7);
  REQUIRE(manifest.services.size() == 3);
  CHECK(manifest.services[0].name == "Counter");
  CHECK(manifest.services[0].type == wire::ServiceType::kVirtualObject);
  CHECK(manifest.services[0].options.ingress_private == true);
  REQUIRE(manifest.services[0].handlers.size() == 2);
  CHECK(manifest.services[0].handlers[0].type == wire::HandlerType::kExclusive);
  CHECK(manifest.services[0].handlers[1].type == wire::HandlerType::kShared);
  CHECK(manifest.services[1].handlers[0].type == wire::HandlerType::kPlain);
  CHECK_FALSE(manifest.services[1].handlers[0].input);
  const auto& run = manifest.services[2].handlers[0];
  CHECK(run.type == wire::HandlerType::kWorkflow);
  CHECK(run.options.workflow_completion_retention_ms == std::uint64_t{5000});
  CHECK(run.options.retry_kill == true);
  REQUIRE(run.input);
  CHECK(run.input->content_type == std::optional<std::string>("application/json"));
}

TEST_CASE("the manifest says what the types of a handler say", "[native][registry]") {
  HandlerOptions own;
  own.accept = "application/x-int";
  own.content_type = "application/y";
  ServiceRegistry registry;
  REQUIRE(registry.add(Service("S")
                           .handler("typed", [](Context&, int) { return 1.5; })
                           .handler("maybe", [](Context&, std::optional<int>) {})
                           .handler("text", [](Context&, std::string text) { return text; })
                           .handler("own", [](Context&, int) { return 1; }, own)));
  const auto json = nlohmann::json::parse(manifest_json(registry));
  const auto& handlers = json["services"][0]["handlers"];
  const auto rules = [&](int index) {
    const auto& handler = handlers[index];
    return handler.value("input", nlohmann::json()).dump() + handler.at("output").dump();
  };
  CHECK(rules(0) ==
        R"({"contentType":"application/json","required":true}{"contentType":"application/json"})");
  CHECK(rules(1) == R"({"contentType":"application/json"}{})");
  CHECK(rules(2) == R"(null{"contentType":"text/plain"})");
  CHECK(rules(3) ==
        R"({"contentType":"application/x-int","required":true}{"contentType":"application/y"})");
  const auto parsed = protocol::parse_discovery(
      200, {{"content-type", std::string(kManifestContentType)}}, manifest_json(registry), {});
  CHECK(std::holds_alternative<protocol::Manifest>(parsed));
}

TEST_CASE("handlers are found by the end of a path", "[native][registry]") {
  const ServiceRegistry registry = example();
  REQUIRE(registry.find_path("/invoke/Greeter/greet") != nullptr);
  CHECK(registry.find_path("/base/invoke/Counter/get")->name == "get");
  CHECK(registry.find_path("/invoke/Greeter/nope") == nullptr);
  CHECK(registry.find_path("/invoke/Nope/greet") == nullptr);
  CHECK(registry.find_path("/Greeter/greet") == nullptr);
  CHECK(registry.find_path("invoke/Greeter/greet") == nullptr);
  for (const char* path : {"", "/", "//", "///", "/invoke//", "/invoke/Greeter/"}) {
    CHECK(registry.find_path(path) == nullptr);
  }
}

TEST_CASE("what could not be called is not registered", "[native][registry]") {
  ServiceRegistry registry = example();
  CHECK(registry.add(Service("1bad")) == Code::kInvalidArgument);
  CHECK(registry.add(Service("S").handler("a-b", nothing)) == Code::kInvalidArgument);
  CHECK(registry.add(Service("S").handler("a", nothing).handler("a", nothing)) == Code::kAlreadyExists);
  CHECK(registry.add(Service("Greeter")) == Code::kAlreadyExists);
  ServiceDefinition wrong = Service("S").handler("a", nothing);
  wrong.handlers[0].type = wire::HandlerType::kExclusive;
  CHECK(registry.add(wrong) == Code::kInvalidArgument);
  constexpr ServiceHandler<void()> kDeclared{"Declared", "h"};
  CHECK(registry.add(Service("Other").handler(kDeclared, [](Context&) {})) == Code::kInvalidArgument);
  CHECK(registry.add(Service("Declared").handler(kDeclared, [](Context&) {})));
  CHECK(registry.find("Declared", "h")->service == "Declared");
}
