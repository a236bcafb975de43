#include "schema/registry.h"

#include "fixtures.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::schema;
using namespace restate::schema::testing;
using wire::HandlerType;
using wire::ServiceType;

namespace {

const Discovered kEndpoint = endpoint(
    {service("SvcA", ServiceType::kService, {handler("h1"), handler("h2")}),
     service("ObjA", ServiceType::kVirtualObject,
             {handler("ex", HandlerType::kExclusive), handler("sh", HandlerType::kShared),
              handler("def")})});

RegisterOptions options(std::uint8_t id, std::uint64_t now = 1'000) {
  RegisterOptions result;
  result.new_id = deployment_id(id);
  result.now = {now};
  return result;
}

Schema with_endpoint() {
  auto registered = register_deployment({}, http_address("http://h:1/a"), kEndpoint, options(1));
  REQUIRE(registered);
  return registered->schema;
}

}  // namespace

TEST_CASE("a first registration makes revision 1 of every service", "[schema][registry]") {
  auto registered = register_deployment({}, http_address("http://h:1/a"), kEndpoint, options(1));
  REQUIRE(registered);
  CHECK(registered->created);
  CHECK(registered->id == deployment_id(1));
  const Schema& schema = registered->schema;
  CHECK(schema.version == 1);
  REQUIRE(schema.find_service("SvcA") != nullptr);
  CHECK(schema.find_service("SvcA")->revision == 1);
  CHECK(schema.find_service("SvcA")->deployment == deployment_id(1));
  CHECK(schema.find_handler("ObjA", "def")->type == HandlerType::kExclusive);
  CHECK(schema.find_handler("ObjA", "sh")->type == HandlerType::kShared);
  CHECK(schema.find_handler("SvcA", "h1")->type == HandlerType::kPlain);
}

TEST_CASE("the address decides whether a deployment is known", "[schema][registry]") {
  const Schema schema = with_endpoint();
  CHECK(find_by_address(schema, http_address("http://h:1/a")) != nullptr);
  CHECK(find_by_address(schema, http_address("https://h:1/a")) != nullptr);
  CHECK(find_by_address(schema, http_address("http://h:1/a?x=1")) != nullptr);
  CHECK(find_by_address(schema, http_address("http://h:1/a/")) == nullptr);
  CHECK(find_by_address(schema, http_address("http://h:2/a")) == nullptr);

  SECTION("headers count only if they choose among endpoints") {
    Address routed = http_address("http://h:1/a");
    routed.additional_headers = {{"x-route", "blue"}};
    CHECK(find_by_address(schema, routed) != nullptr);
    CHECK(find_by_address(schema, routed, {"x-route"}) == nullptr);
    RegisterOptions blue = options(2);
    blue.routing_headers = {"x-route"};
    auto second = register_deployment(schema, routed, {}, blue);
    REQUIRE(second);
    CHECK(second->created);
    CHECK(find_by_address(second->schema, routed, {"x-route"})->id == deployment_id(2));
    CHECK(find_by_address(second->schema, http_address("http://h:1/a"), {"x-route"})->id ==
          deployment_id(1));
  }
  SECTION("a known one is left alone") {
    auto again = register_deployment(schema, http_address("http://h:1/a"), {}, options(2));
    REQUIRE(again);
    CHECK_FALSE(again->created);
    CHECK(again->id == deployment_id(1));
    CHECK(again->schema == schema);
  }
  SECTION("unless it is forced: then all its services get the next revision") {
    RegisterOptions forced = options(2, 2'000);
    forced.force = true;
    auto again = register_deployment(schema, http_address("http://h:1/a"), kEndpoint, forced);
    REQUIRE(again);
    CHECK_FALSE(again->created);
    CHECK(again->id == deployment_id(1));
    CHECK(again->schema.find_service("SvcA")->revision == 2);
    CHECK(again->schema.find_deployment(deployment_id(1))->created_at == WallTime{2'000});
  }
  SECTION("of two at one address the newest counts") {
    Schema two = schema;
    two.deployments[deployment_id(9)] = two.deployments[deployment_id(1)];
    two.deployments[deployment_id(9)].id = deployment_id(9);
    two.deployments[deployment_id(9)].created_at = {500};
    CHECK(find_by_address(two, http_address("http://h:1/a"))->id == deployment_id(1));
    two.deployments[deployment_id(9)].created_at = {1'500};
    CHECK(find_by_address(two, http_address("http://h:1/a"))->id == deployment_id(9));
  }
}

TEST_CASE("the service with the highest revision is the one in use", "[schema][registry]") {
  const Discovered smaller =
      endpoint({service("SvcA", ServiceType::kService, {handler("h1")})});
  auto next = register_deployment(with_endpoint(), http_address("http://h:1/b"), smaller, options(2));
  REQUIRE(next);
  CHECK(next->schema.find_service("SvcA")->revision == 2);
  CHECK(next->schema.find_service("SvcA")->deployment == deployment_id(2));
  CHECK(next->schema.find_handler("SvcA", "h2") == nullptr);
  CHECK(next->schema.find_service("ObjA")->deployment == deployment_id(1));
  CHECK(next->schema.find_service_in(deployment_id(1), "SvcA")->revision == 1);

  SECTION("a snapshot agrees") {
    const SchemaPtr shared = snapshot(next->schema);
    CHECK(shared->find_service("SvcA")->revision == 2);
    CHECK(shared->find_service("ObjA")->revision == 1);
    CHECK(shared->find_service("Nope") == nullptr);
    CHECK(shared->services().size() == 2);
    const Schema copy = *shared;  // without the index, which would point into the original
    CHECK(copy.find_service("SvcA") != shared->find_service("SvcA"));
    CHECK(copy == *shared);
  }
  SECTION("deleting its deployment brings the one before back") {
    auto without = delete_deployment(next->schema, deployment_id(2));
    REQUIRE(without);
    CHECK(without->find_service("SvcA")->revision == 1);
    CHECK(delete_deployment(*without, deployment_id(2)).error().status == 404);
  }
}

TEST_CASE("a service changes its type only if that is meant", "[schema][registry]") {
  const Discovered other = endpoint({service("SvcA", ServiceType::kVirtualObject, {handler("h1")})});
  auto refused = register_deployment(with_endpoint(), http_address("http://h:1/t"), other, options(2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == 409);
  CHECK(refused.error().code == "META0006");
  CHECK(refused.error().message.find("SvcA") != std::string::npos);

  RegisterOptions meant = options(2);
  SECTION("breaking") { meant.breaking = true; }
  SECTION("force") { meant.force = true; }
  auto done = register_deployment(with_endpoint(), http_address("http://h:1/t"), other, meant);
  if (meant.breaking || meant.force) {
    REQUIRE(done);
    CHECK(done->created);
    CHECK(done->schema.find_service("SvcA")->type == ServiceType::kVirtualObject);
    CHECK(done->schema.find_service("SvcA")->revision == 2);
  }
}

TEST_CASE("a manifest is checked before it counts", "[schema][registry]") {
  DiscoveredService bad = service("X", ServiceType::kService, {handler("h")});
  std::string code;
  SECTION("reserved prefix") {
    bad.name = "restateFoo";
    code = "META0005";
  }
  SECTION("reserved name") {
    bad.name = "OpenAPI";
    code = "META0005";
  }
  SECTION("exclusive in a service") { bad.handlers[0].type = HandlerType::kExclusive; }
  SECTION("workflow in an object") {
    bad.type = ServiceType::kVirtualObject;
    bad.handlers[0].type = HandlerType::kWorkflow;
  }
  SECTION("exclusive in a workflow") {
    bad.type = ServiceType::kWorkflow;
    bad.handlers[0].type = HandlerType::kExclusive;
  }
  SECTION("workflow retention elsewhere") {
    bad.handlers[0].options.workflow_completion_retention_ms = 1;
  }
  SECTION("idempotency retention of a workflow") {
    bad.type = ServiceType::kWorkflow;
    bad.handlers[0].type = HandlerType::kWorkflow;
    bad.handlers[0].options.idempotency_retention_ms = 1;
  }
  SECTION("public in private") {
    bad.options.ingress_private = true;
    bad.handlers[0].options.ingress_private = false;
  }
  SECTION("no content type") {
    bad.handlers[0].input = {.declared = true, .content_type = "nonsense"};
  }
  SECTION("half a wildcard") {
    bad.handlers[0].output = {.declared = true, .content_type = "*/json"};
  }
  const bool is_bad = !(bad.name == "X" && bad.handlers[0].type == std::nullopt &&
                        bad.handlers[0].options == Options{} && !bad.handlers[0].input.declared &&
                        !bad.handlers[0].output.declared);
  auto result = register_deployment({}, http_address("http://h/"), endpoint({bad}), options(1));
  REQUIRE(static_cast<bool>(result) == !is_bad);
  if (is_bad) {
    CHECK(result.error().status == 400);
    CHECK(result.error().code == code);
  }
}

TEST_CASE("moving a deployment changes its address only", "[schema][registry]") {
  const Schema schema = with_endpoint();
  const Discovered other = endpoint({service("SvcA", ServiceType::kService, {handler("new")}),
                                     service("Extra", ServiceType::kService, {handler("h")})});
  SECTION("and not its services") {
    auto moved = update_deployment(schema, deployment_id(1), http_address("http://h:9/"), other, false);
    REQUIRE(moved);
    CHECK(moved->find_deployment(deployment_id(1))->uri == "http://h:9/");
    CHECK(moved->find_deployment(deployment_id(1))->services ==
          schema.find_deployment(deployment_id(1))->services);
  }
  SECTION("unless they are to be overwritten, then known ones keep their revision") {
    Schema later = schema;
    for (ServiceRevision& known : later.deployments[deployment_id(1)].services) known.revision = 7;
    auto moved = update_deployment(later, deployment_id(1), http_address("http://h:9/"), other, true);
    REQUIRE(moved);
    CHECK(moved->find_service("SvcA")->revision == 7);
    CHECK(moved->find_handler("SvcA", "new") != nullptr);
    CHECK(moved->find_service("Extra")->revision == 1);
    CHECK(moved->find_service("ObjA") == nullptr);
  }
  SECTION("the range of protocol versions must not change") {
    Discovered wider = other;
    wider.max_protocol = 6;
    auto refused = update_deployment(schema, deployment_id(1), http_address("http://h:9/"), wider, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "META0016");
  }
  SECTION("an unknown one is not found") {
    CHECK(update_deployment(schema, deployment_id(8), {}, other, false).error().status == 404);
  }
}

TEST_CASE("editing a service touches its latest revision", "[schema][registry]") {
  ServicePatch patch;
  patch.is_public = false;
  patch.idempotency_retention_ms = 5;
  auto edited = modify_service(with_endpoint(), "ObjA", patch);
  REQUIRE(edited);
  const ServiceRevision* object = edited->find_service("ObjA");
  CHECK(object->revision == 1);
  CHECK_FALSE(is_public(*object, object->handlers.at("ex")));
  CHECK(object->options.idempotency_retention_ms == 5);
  CHECK(is_public(*edited->find_service("SvcA"), edited->find_service("SvcA")->handlers.at("h1")));

  CHECK(modify_service(with_endpoint(), "Nope", patch).error().status == 404);
  patch.workflow_completion_retention_ms = 5;
  CHECK(modify_service(with_endpoint(), "ObjA", patch).error().status == 400);
}

TEST_CASE("native services keep their revision over a restart", "[schema][registry]") {
  const std::vector<DiscoveredService> services{
      service("Greeter", ServiceType::kService, {handler("greet")})};
  auto first = register_in_process(with_endpoint(), deployment_id(5), services, {1'000});
  REQUIRE(first);
  CHECK(first->find_service("Greeter")->revision == 1);
  CHECK(first->find_deployment(deployment_id(5))->uri == "http://in-process.invalid/");

  auto second = register_in_process(*first, deployment_id(5), services, {2'000});
  REQUIRE(second);
  CHECK(*second == *first);

  auto changed = register_in_process(
      *first, deployment_id(5),
      {service("Greeter", ServiceType::kService, {handler("greet"), handler("wave")})}, {2'000});
  REQUIRE(changed);
  CHECK(changed->find_service("Greeter")->revision == 2);

  // Another program, or the same before it serves all: what was served stays, with what was made of it.
  ServicePatch patch;
  patch.is_public = false;
  auto hidden = modify_service(*first, "Greeter", patch);
  REQUIRE(hidden);
  auto other = register_in_process(
      *hidden, deployment_id(5), {service("Other", ServiceType::kService, {handler("run")})}, {2'000});
  REQUIRE(other);
  CHECK(other->find_service("Other")->revision == 1);
  REQUIRE(other->find_service("Greeter") != nullptr);
  CHECK(*other->find_service("Greeter") == *hidden->find_service("Greeter"));

  CHECK(delete_deployment(*first, deployment_id(5)).error().status == 409);
  CHECK(update_deployment(*first, deployment_id(5), {}, {}, true).error().status == 409);
}
