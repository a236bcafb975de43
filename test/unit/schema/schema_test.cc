#include "schema/schema.h"

#include "fixtures.h"
#include "schema/source.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::schema;
using namespace restate::schema::testing;
using wire::HandlerType;
using wire::ServiceType;

namespace {

Schema full_schema() {
  DiscoveredService workflow = service("Full", ServiceType::kWorkflow,
                                       {handler("run", HandlerType::kWorkflow), handler("query")});
  workflow.documentation = "what it does";
  workflow.metadata = {{"team", "x"}};
  workflow.options.journal_retention_ms = 172'800'000;
  workflow.options.retry_factor = 3.0;
  workflow.options.retry_max_attempts = 3;
  DiscoveredHandler& run = workflow.handlers[0];
  run.input = {true, true, "application/json", R"({"title":"Req","type":"object"})"};
  run.output = {true, "application/json", true, R"({"type":"string"})"};
  run.options.workflow_completion_retention_ms = 3'600'000;
  run.options.inactivity_timeout_ms = 1'000;
  run.options.enable_lazy_state = true;
  run.options.ingress_private = false;
  run.options.retry_kill = true;
  run.options.retry_max_attempts = 0;
  run.documentation = "runs";
  run.metadata = {{"k", "v"}};
  Discovered discovered = endpoint(
      {workflow, service("Svc", ServiceType::kService, {handler("h")})});
  discovered.sdk_version = "sdk/1.0";
  Address address = http_address("http://h:1/");
  address.additional_headers = {{"b", "2"}, {"a", "1"}};
  RegisterOptions options;
  options.new_id = deployment_id(3);
  options.now = {42};
  options.metadata = {{"git", "abc"}};
  return register_deployment({}, address, discovered, options)->schema;
}

}  // namespace

TEST_CASE("a schema survives its text form", "[schema][codec]") {
  const Schema schema = full_schema();
  const auto back = decode(encode(schema));
  REQUIRE(back);
  CHECK(*back == schema);
  CHECK(encode(*back) == encode(schema));
  CHECK(decode(encode(Schema{})) == Schema{});
}

TEST_CASE("what is no schema document is called corrupt", "[schema][codec]") {
  for (const char* text :
       {"", "{}", "[]", "null", R"({"version":1})", R"({"version":-1,"deployments":[]})",
        R"({"version":1,"deployments":[{}]})", R"({"version":1,"deployments":[{"id":"dp_x"}]})"}) {
    CAPTURE(text);
    CHECK(decode(text) == Code::kCorrupt);
  }
  std::string deep(100'000, '[');
  CHECK(decode(deep) == Code::kCorrupt);
}

TEST_CASE("targets are resolved against the latest revision", "[schema]") {
  const SchemaPtr schema = snapshot(full_schema());
  auto run = resolve_target(*schema, "Full", "key", "run", std::nullopt);
  REQUIRE(run);
  CHECK(run->workflow_run());
  CHECK(run->key == "key");
  auto plain = resolve_target(*schema, "Svc", "ignored", "h", std::nullopt);
  REQUIRE(plain);
  CHECK(plain->key.empty());
  CHECK(resolve_target(*schema, "Svc", "", "nope", std::nullopt) == Code::kNotFound);
  CHECK(resolve_target(*schema, "Nope", "", "h", std::nullopt) == Code::kNotFound);
}

TEST_CASE("retention follows handler, service and server, and its clamps", "[schema]") {
  const SchemaPtr schema = snapshot(full_schema());
  Defaults defaults;
  const auto run = *resolve_target(*schema, "Full", "k", "run", std::nullopt);
  const auto query = *resolve_target(*schema, "Full", "k", "query", std::nullopt);
  const auto plain = *resolve_target(*schema, "Svc", "", "h", std::nullopt);

  CHECK(retention_of(*schema, defaults, run, false) == wire::Retention{3'600'000, 3'600'000});
  CHECK(retention_of(*schema, defaults, query, false) ==
        wire::Retention{172'800'000, 172'800'000});
  CHECK(retention_of(*schema, defaults, query, true) == wire::Retention{86'400'000, 86'400'000});
  CHECK(retention_of(*schema, defaults, plain, false) == wire::Retention{86'400'000, 86'400'000});

  defaults.journal_retention_ms = 0;
  CHECK(retention_of(*schema, defaults, plain, false) == wire::Retention{0, 0});
  CHECK(retention_of(*schema, defaults, plain, true) == wire::Retention{86'400'000, 0});

  defaults.max_idempotency_retention_ms = 1'000;
  CHECK(retention_of(*schema, defaults, plain, true) == wire::Retention{1'000, 0});
  defaults.max_workflow_completion_retention_ms = 2'000;
  defaults.max_journal_retention_ms = 1'500;
  CHECK(retention_of(*schema, defaults, run, false) == wire::Retention{2'000, 1'500});
}

TEST_CASE("the settings of an attempt are resolved one by one", "[schema]") {
  Schema schema = full_schema();
  const Defaults defaults;
  const auto run = *resolve_target(schema, "Full", "k", "run", std::nullopt);
  HandlerSettings settings = settings_of(schema, defaults, deployment_id(3), run);
  CHECK(settings.inactivity_timeout_ms == 1'000);
  CHECK(settings.abort_timeout_ms == 600'000);
  CHECK(settings.lazy_state);
  CHECK(settings.retry == RetryPolicy{500, 3.0, 60'000, 1, true});  // 0 attempts mean one

  schema.deployments[deployment_id(3)].protocol_type = ProtocolType::kRequestResponse;
  CHECK(settings_of(schema, defaults, deployment_id(3), run).inactivity_timeout_ms == 0);

  const auto query = *resolve_target(schema, "Full", "k", "query", std::nullopt);
  CHECK(settings_of(schema, defaults, deployment_id(3), query).retry.max_attempts == 3);
  Defaults clamped;
  clamped.max_retry_attempts = 2;
  clamped.retry_max_attempts = std::nullopt;
  CHECK(settings_of(schema, clamped, deployment_id(3), query).retry.max_attempts == 2);
  CHECK(settings_of(schema, clamped, deployment_id(9), query).retry.max_attempts == 2);
}

TEST_CASE("watchers hear of newer schemas until they leave", "[schema][source]") {
  SchemaCell cell;
  std::vector<std::uint64_t> seen;
  std::unique_ptr<SchemaSource::Watch> leaver;
  auto watch = cell.watch([&](const SchemaPtr& schema) {
    seen.push_back(schema->version);
    leaver.reset();
  });
  int heard = 0;
  leaver = cell.watch([&](const SchemaPtr&) { ++heard; });

  Schema next;
  next.version = 2;
  cell.set(snapshot(next));
  next.version = 1;
  cell.set(snapshot(next));  // late news
  CHECK(seen == std::vector<std::uint64_t>{2});
  CHECK(heard == 0);
  watch.reset();
  next.version = 3;
  cell.set(snapshot(next));
  CHECK(seen.size() == 1);
  CHECK(cell.current()->version == 3);
}
