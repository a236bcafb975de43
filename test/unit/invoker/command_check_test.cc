#include "invoker/machine/command_check.h"
#include "common/hash.h"
#include "support/catch.h"
#include "wire/entry.h"

#include <tuple>

using namespace restate;
using namespace restate::invoker;

namespace {

wire::InvocationTarget target(wire::ServiceType type, wire::HandlerType handler,
                              std::string service, std::string key, std::string name) {
  wire::InvocationTarget result;
  result.type = type;
  result.handler_type = handler;
  result.service = std::move(service);
  result.key = std::move(key);
  result.handler = std::move(name);
  return result;
}

}  // namespace

TEST_CASE("the ids of callees", "[invoker][calls]") {
  using enum wire::ServiceType;
  const auto service = target(kService, wire::HandlerType::kPlain, "Raw", "", "echo");
  const auto object = target(kVirtualObject, wire::HandlerType::kExclusive, "Obj", "k1", "add");
  const auto run = target(kWorkflow, wire::HandlerType::kWorkflow, "Wf", "k1", "run");
  const auto shared = target(kWorkflow, wire::HandlerType::kShared, "Wf", "k1", "get");
  const WallTime now{1'795'285'582'032};

  SECTION("keys decide where objects and workflows live") {
    for (const auto& keyed : {object, run, shared}) {
      CHECK(callee_id(keyed, std::nullopt, now, 1, 2).key == key_of("k1"));
      CHECK(callee_id(keyed, "idem", now, 1, 2).key == key_of("k1"));
    }
  }
  SECTION("idempotency keys decide for services") {
    CHECK(callee_id(service, "idem", now, 1, 2).key == key_of_bucket("Raw", bucket_of("idem")));
    CHECK(callee_id(service, "idem", now, 1, 2) == callee_id(service, "idem", WallTime{}, 3, 4));
  }
  SECTION("in clusters of old, services live where the idempotency key is") {
    const auto old = callee_id(service, "idem", now, 1, 2, false);
    CHECK(old.key == key_of("idem"));
    CHECK(old.uuid == callee_id(service, "idem", now, 1, 2).uuid);
    CHECK(callee_id(object, "idem", now, 1, 2, false) == callee_id(object, "idem", now, 1, 2));
    CHECK(callee_id(service, std::nullopt, now, 1, 2, false) ==
          callee_id(service, std::nullopt, now, 1, 2));
  }
  SECTION("others go to one of 512 buckets") {
    CHECK(callee_id(service, std::nullopt, now, 511ull << 32, 2).key == key_of_bucket("Raw", 511));
    CHECK(callee_id(service, std::nullopt, now, 512ull << 32, 2).key == key_of_bucket("Raw", 0));
  }
  SECTION("a workflow runs once per key, whatever the idempotency key") {
    const auto id = callee_id(run, std::nullopt, now, 1, 2);
    CHECK(id.uuid == workflow_uuid(std::nullopt, "Wf", "k1"));
    CHECK(callee_id(run, "idem", now, 5, 6) == id);
  }
  SECTION("an idempotency key names one call of one handler") {
    CHECK(callee_id(object, "idem", now, 1, 2).uuid ==
          idempotent_uuid(std::nullopt, "Obj", "k1", "add", "idem"));
    CHECK(callee_id(service, "idem", now, 1, 2).uuid ==
          idempotent_uuid(std::nullopt, "Raw", std::nullopt, "echo", "idem"));
  }
  SECTION("everything else is fresh, and ordered by time") {
    CHECK(callee_id(shared, std::nullopt, now, 1, 2).uuid == make_ulid(now.ms, 1, 2));
    CHECK(callee_id(object, std::nullopt, now, 1, 2).uuid != callee_id(object, {}, now, 1, 3).uuid);
  }
}

TEST_CASE("who asks for a result looks where the call went", "[invoker][calls]") {
  using wire::EntryType;
  const auto service =
      target(wire::ServiceType::kService, wire::HandlerType::kPlain, "Raw", "", "echo");
  const wire::SpanContext span{};
  const schema::Schema schema{};
  const schema::Defaults defaults{};
  CommandContext context{service, span, schema, defaults};
  const auto asked = [&](wire::InvocationRef reference) {
    const auto body = wire::encode_entry(EntryType::kAttachInvocation,
                                         wire::AttachInvocationEntry{std::move(reference), {1}});
    std::optional<wire::CallInfo> call;
    CHECK_FALSE(check_command(EntryType::kAttachInvocation, body, context, call));
    return call;
  };
  const wire::IdempotentRef reference{"Raw", "echo", "idem", {}, {}};
  CHECK_FALSE(asked(reference));
  context.controlled_sharding = false;
  const auto call = asked(reference);
  REQUIRE(call);
  CHECK(call->callee == callee_id(service, "idem", WallTime{}, 1, 2, false));
  CHECK_FALSE(asked(wire::IdempotentRef{"Obj", "add", "idem", "k1", {}}));
  CHECK_FALSE(asked(wire::WorkflowRef{"Wf", "k1", {}}));
}

namespace {

schema::Schema services() {
  schema::Schema schema;
  schema::Deployment deployment;
  for (const auto& [name, type, handler] :
       {std::tuple{"Raw", wire::ServiceType::kService, wire::HandlerType::kPlain},
        std::tuple{"Obj", wire::ServiceType::kVirtualObject, wire::HandlerType::kExclusive},
        std::tuple{"Wf", wire::ServiceType::kWorkflow, wire::HandlerType::kWorkflow}}) {
    schema::ServiceRevision& service = deployment.services.emplace_back();
    service.name = name;
    service.type = type;
    service.handlers["run"].name = "run";
    service.handlers["run"].type = handler;
  }
  schema.deployments.emplace(deployment.id, deployment);
  return schema;
}

}  // namespace

TEST_CASE("scopes and limit keys of calls", "[invoker][calls]") {
  using wire::EntryType;
  const auto caller = target(wire::ServiceType::kService, wire::HandlerType::kPlain, "Raw", "", "run");
  const wire::SpanContext span{};
  const schema::Schema schema = services();
  const schema::Defaults defaults{};
  CommandContext context{caller, span, schema, defaults};
  context.flow_control = true;
  std::optional<wire::CallInfo> call;
  const auto code = [&](const char* service, std::optional<std::string> scope,
                        std::optional<std::string> limit_key) {
    wire::CallRequest request{service, "run", *service == 'R' ? "" : "k", Bytes("1"), {}, {}, {}, {}};
    request.scope = std::move(scope);
    request.limit_key = std::move(limit_key);
    const auto body = wire::encode_entry(EntryType::kCall, wire::CallEntry{request, {1}, {2}});
    call.reset();
    const auto error = check_command(EntryType::kCall, body, context, call);
    return error ? error->doc_code : DocCode::kNone;
  };

  CHECK(code("Raw", "s", "l1/l2") == DocCode::kNone);
  CHECK(call->target.scope == "s");
  CHECK(call->callee.key == key_of("s"));
  CHECK(code("Wf", "s", {}) == DocCode::kNone);
  CHECK(call->callee == InvocationId{key_of("s"), workflow_uuid("s", "Wf", "k")});
  CHECK(code("Raw", "s", "l1/l2/") == DocCode::kNone);  // as the ingress has it
  CHECK(code("Raw", "", "") == DocCode::kNone);
  CHECK_FALSE(call->target.scope);
  CHECK(code("Wf", "", {}) == DocCode::kNone);
  CHECK(call->callee == InvocationId{key_of("k"), workflow_uuid({}, "Wf", "k")});

  CHECK(code("Raw", {}, "l1") == DocCode::kScope);
  CHECK(code("Raw", "a b", {}) == DocCode::kScope);
  CHECK(code("Raw", std::string(37, 'x'), {}) == DocCode::kScope);
  for (const char* bad : {"a b", "l1/l2/l3", "/", "l1//"}) CHECK(code("Raw", "s", bad) == DocCode::kScope);
  CHECK(code("Obj", "s", {}) == DocCode::kPrecondition);
  context.scoped_virtual_objects = true;
  CHECK(code("Obj", "s", {}) == DocCode::kNone);
  CHECK(call->callee.key == key_of("s"));

  context.flow_control = false;
  CHECK(code("Raw", "s", {}) == DocCode::kScope);
  CHECK(code("Obj", "s", {}) == DocCode::kScope);
  CHECK(code("Raw", {}, {}) == DocCode::kNone);
}

TEST_CASE("an empty scope is none, also where a result is asked for", "[invoker][calls]") {
  using enum wire::ServiceType;
  const auto run = target(kWorkflow, wire::HandlerType::kWorkflow, "Wf", "k", "run");
  auto scoped = run;
  scoped.scope = "s";
  const auto id = [](wire::InvocationRef reference) { return wire::resolve(reference).value(); };
  CHECK(id(wire::WorkflowRef{"Wf", "k", ""}) == callee_id(run, {}, {}, 1, 2));
  CHECK(id(wire::WorkflowRef{"Wf", "k", "s"}) == callee_id(scoped, {}, {}, 1, 2));
  auto service = target(kService, wire::HandlerType::kPlain, "Raw", "", "run");
  CHECK(id(wire::IdempotentRef{"Raw", "run", "i", {}, ""}) == callee_id(service, "i", {}, 1, 2));
  service.scope = "s";
  CHECK(id(wire::IdempotentRef{"Raw", "run", "i", {}, "s"}) == callee_id(service, "i", {}, 1, 2));
  CHECK(callee_id(service, {}, {}, 1, 2).key == key_of("s"));
}
