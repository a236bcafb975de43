#include "admin/admin.h"

#include "bench.h"
#include "common/ascii.h"
#include "common/hash.h"
#include "support/catch.h"

#include <set>

#include <zlib.h>

using namespace restate;
using namespace restate::admin;
using namespace restate::admin::testing;

namespace {

const std::string kId = "inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz";

Json manifests() {
  return *schema::parse_json(R"({"a":{"body":{"protocolMode":"BIDI_STREAM","minProtocolVersion":5,
      "maxProtocolVersion":7,"services":[{"name":"Svc","ty":"SERVICE","handlers":[{"name":"h"}]},
      {"name":"Obj","ty":"VIRTUAL_OBJECT","handlers":[{"name":"ex"}]}]}}})");
}

std::string at_endpoint(const std::string& path) {
  return R"({"uri":"http://)" + std::string(kHttp2Endpoint) + path + "\"}";
}

worker::OperationReply outcome(partition::OperationOutcome outcome) {
  worker::OperationReply reply;
  reply.outcome = outcome;
  return reply;
}

/// Runs a change of the registry to its end.
void change(restate::testing::World& world, RegistryClient& registry, RegistryClient::Change what) {
  bool done = false;
  registry.change(std::move(what),
                  Completion<RegistryClient::Changed>(
                      world.shard(), [&](Result<RegistryClient::Changed> changed) {
                        CHECK(changed);
                        done = true;
                      }));
  REQUIRE(world.run_until([&] { return done; }));
}

std::string gunzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("operations become statuses", "[admin][invocations]") {
  using partition::OperationOutcome;
  using Kind = worker::OperationReply::Kind;
  Bench bench;
  const std::vector<std::pair<OperationOutcome, int>> cases{
      {OperationOutcome::kOk, 200}, {OperationOutcome::kDone, 200},
      {OperationOutcome::kAppended, 202}, {OperationOutcome::kAccepted, 202},
      {OperationOutcome::kNotFound, 404}, {OperationOutcome::kAlreadyCompleted, 409},
      {OperationOutcome::kNotCompleted, 409}, {OperationOutcome::kNotStarted, 425},
      {OperationOutcome::kStillRunning, 409}, {OperationOutcome::kCompleted, 409},
      {OperationOutcome::kNotRunning, 409}, {OperationOutcome::kAlreadyPaused, 200},
      {OperationOutcome::kCannotChangeDeployment, 409},
      {OperationOutcome::kJournalIndexOutOfRange, 400}, {OperationOutcome::kMissingInput, 410}};
  for (const auto& [what, status] : cases) {
    bench.partition.replies.push_back(outcome(what));
    FakeStream stream = bench.request("PATCH", "/invocations/" + kId + "/cancel");
    CHECK(stream.answer->status == status);
    CHECK(stream.text.empty() == (status < 400));
  }
  for (const auto& [kind, status] : std::vector<std::pair<Kind, int>>{
           {Kind::kUnsupported, 422}, {Kind::kDeploymentNotFound, 400},
           {Kind::kIncompatibleDeployment, 400}, {Kind::kCopyRangeInvalid, 400}}) {
    worker::OperationReply reply;
    reply.kind = kind;
    bench.partition.replies.push_back(reply);
    CHECK(bench.request("PATCH", "/invocations/" + kId + "/restart-as-new").answer->status == status);
  }
}

TEST_CASE("parameters of operations reach the partition", "[admin][invocations]") {
  Bench bench;
  const std::string deployment = "dp_10bedVHfldQObW9anNWd3FL";
  const auto noted = [&](const std::string& tail) {
    bench.request("PATCH", "/invocations/" + kId + "/" + tail);
    return bench.partition.noted.back();
  };
  CHECK(noted("kill") == "kill " + kId);
  CHECK(noted("purge") == "purge " + kId);
  CHECK(noted("purge-journal") == "purge-journal " + kId);
  CHECK(noted("pause") == "pause " + kId);
  CHECK(noted("resume") == "resume " + kId + " keep");
  CHECK(noted("resume?deployment=Latest") == "resume " + kId + " latest");
  CHECK(noted("restart-as-new") == "restart " + kId + " from 0 latest");
  CHECK(noted("restart-as-new?from=3&deployment=keep") == "restart " + kId + " from 3 keep");
  CHECK(noted("restart-as-new?deployment=" + deployment) ==
        "restart " + kId + " from 0 on " + deployment);
  const std::size_t before = bench.partition.noted.size();
  CHECK(bench.request("PATCH", "/invocations/" + kId + "/restart-as-new?from=4294967296")
            .answer->status == 400);
  CHECK(bench.request("DELETE", "/invocations/" + kId + "?mode=Kill").answer->status == 202);
  CHECK(bench.partition.noted.size() == before + 1);
  CHECK(bench.partition.noted.back() == "kill " + kId);

  worker::OperationReply restarted;
  restarted.new_invocation = *InvocationId::parse(kId);
  bench.partition.replies.push_back(restarted);
  CHECK(bench.request("PATCH", "/v3/invocations/" + kId + "/restart-as-new").text ==
        "{\"new_invocation_id\":\"" + kId + "\"}");
}

TEST_CASE("without a leader an operation waits, but not for ever", "[admin][invocations]") {
  Bench bench;
  bench.partition.replies.push_back(Error{Code::kNotLeader, "x"});
  bench.partition.replies.push_back(Error{Code::kUnavailable, "x"});
  bench.partition.replies.push_back(outcome(partition::OperationOutcome::kAppended));
  CHECK(bench.request("PATCH", "/invocations/" + kId + "/cancel").answer->status == 202);
  CHECK(bench.partition.requests[0] == bench.partition.requests[2]);

  for (int i = 0; i < 1'000; ++i) bench.partition.replies.push_back(Error{Code::kNotLeader, "x"});
  CHECK(bench.request("PATCH", "/invocations/" + kId + "/cancel").answer->status == 503);
}

TEST_CASE("batches answer for each invocation", "[admin][invocations]") {
  Bench bench;
  bench.partition.replies.push_back(outcome(partition::OperationOutcome::kOk));
  bench.partition.replies.push_back(outcome(partition::OperationOutcome::kNotFound));
  FakeStream stream = bench.json("POST", "/internal/invocations_batch_operations/kill",
                                 R"({"invocation_ids":[")" + kId + R"(",")" + kId + R"("]})");
  const Json json = *schema::parse_json(stream.text);
  CHECK(json["succeeded"] == Json::array({kId}));
  CHECK(json["failed"][0]["invocation_id"] == kId);

  std::string many = R"({"invocation_ids":[)";
  for (int i = 0; i <= 1000; ++i) many += (i == 0 ? "\"" : ",\"") + kId + "\"";
  CHECK(bench.json("POST", "/internal/invocations_batch_operations/kill", many + "]}")
            .answer->status == 400);
}

TEST_CASE("a known address is registered without asking anybody", "[admin][deployments]") {
  Bench bench(manifests());
  CHECK(bench.json("POST", "/deployments", at_endpoint("/a")).answer->status == 201);
  CHECK(bench.discoverer.asked == 1);
  CHECK(bench.store.writes == 1);
  CHECK(bench.json("POST", "/deployments", at_endpoint("/a")).answer->status == 200);
  CHECK(bench.discoverer.asked == 1);
  CHECK(bench.store.writes == 1);
  CHECK(bench.registry.current()->find_service("Svc")->revision == 1);
}

TEST_CASE("two admins do not undo each other", "[admin][registry]") {
  Bench bench(manifests());
  bench.json("POST", "/deployments", at_endpoint("/a"));
  RegistryClient other(bench.world.shard(), bench.store);
  bool started = false;
  other.start(Completion<void>(bench.world.shard(), [&](Result<void> done) { started = bool(done); }));
  REQUIRE(bench.world.run_until([&] { return started; }));
  CHECK(other.current()->find_service("Svc") != nullptr);

  int done = 0;
  for (RegistryClient* client : {&bench.registry, &other}) {
    schema::ServicePatch patch;
    if (client == &other) {
      patch.is_public = false;
    } else {
      patch.abort_timeout_ms = 5;
    }
    client->change(
        [patch](const schema::Schema& before) { return schema::modify_service(before, "Svc", patch); },
        Completion<RegistryClient::Changed>(bench.world.shard(),
                                            [&](Result<RegistryClient::Changed> changed) {
                                              CHECK(changed);
                                              ++done;
                                            }));
  }
  REQUIRE(bench.world.run_until([&] { return done == 2; }));
  REQUIRE(bench.world.run_until_idle());
  for (RegistryClient* client : {&bench.registry, &other}) {
    const schema::Options& options = client->current()->find_service("Svc")->options;
    CHECK(options.ingress_private == true);
    CHECK(options.abort_timeout_ms == 5);
  }
}

TEST_CASE("a change is known on every shard before it is answered", "[admin][registry]") {
  restate::testing::World world{restate::testing::Seed{3}, {.shards = 2}};
  FakeStore store;
  schema::SchemaCell far;
  RegistryClient registry(world.shard(0), store);
  registry.add_follower(world.shard(1), far);
  bool started = false;
  registry.start(Completion<void>(world.shard(0), [&](Result<void>) { started = true; }));
  REQUIRE(world.run_until([&] { return started; }));
  schema::DiscoveredService service;
  service.name = "Native";
  change(world, registry, [&](const schema::Schema& before) {
    return schema::register_in_process(before, DeploymentId{}, {service}, {1});
  });
  CHECK(far.current()->find_service("Native") != nullptr);
}

TEST_CASE("native services are shown, and cannot be moved or deleted", "[admin][deployments]") {
  Bench bench;
  DeploymentId id;
  id.ulid.bytes[0] = 9;
  schema::DiscoveredService service;
  service.name = "Native";
  change(bench.world, bench.registry, [&](const schema::Schema& before) {
    return schema::register_in_process(before, id, {service}, {1});
  });
  const Json shown = *schema::parse_json(bench.request("GET", "/deployments").text);
  CHECK(shown["deployments"][0]["uri"] == "http://in-process.invalid/");
  CHECK(shown["deployments"][0]["http_version"] == "HTTP/2.0");
  CHECK(bench.json("PATCH", "/deployments/" + id.str(), R"({"uri":"http://h/"})").answer->status == 409);
  CHECK(bench.request("DELETE", "/deployments/" + id.str() + "?force=true").answer->status == 409);
}

TEST_CASE("state is replaced through the partition of its key", "[admin][state]") {
  Bench bench(manifests());
  bench.json("POST", "/deployments", at_endpoint("/a"));
  CHECK(bench.json("POST", "/services/Obj/state",
                   R"({"object_key":"k","version":"v","new_state":{"a":[49,255],"b":"x"}})")
            .answer->status == 202);
  REQUIRE(bench.partition.patches.size() == 1);
  const wire::PatchState& patch = bench.partition.patches[0];
  CHECK(patch.target.service == "Obj");
  CHECK(patch.target.key == "k");
  CHECK(patch.key == key_of("k"));
  CHECK(patch.expected_version == "v");
  CHECK(patch.state == std::map<std::string, Bytes>{{"a", Bytes("1\xff")}, {"b", Bytes("x")}});
  CHECK(bench.json("POST", "/services/Svc/state", R"({"object_key":"k","new_state":{}})")
            .answer->status == 400);
}

TEST_CASE("queues are paused and go on through their partition", "[admin]") {
  Bench bench;
  const std::string queue = "vq_1hSmJJHf5XOl3jo6akiGSvo8qWOVOttIeD";
  CHECK(bench.request("POST", "/vqueues/" + queue + "/pause").answer->status == 202);
  CHECK(bench.request("POST", "/v3/vqueues/" + queue + "/resume").answer->status == 202);
  CHECK(bench.partition.noted == std::vector{"pause " + queue, "resume " + queue});
  for (const std::string& bad : {std::string("foo"), kId, queue + "x"}) {
    CHECK(bench.request("POST", "/vqueues/" + bad + "/pause").answer->status == 400);
  }
  CHECK(bench.partition.noted.size() == 2);
  bench.partition.queues_fail = true;
  CHECK(bench.request("POST", "/vqueues/" + queue + "/pause").answer->status == 503);
}

TEST_CASE("SQL goes to whoever runs it", "[admin][query]") {
  Bench bench;
  const char* body = R"({"query":"select 1"})";
  CHECK(bench.json("POST", "/query", body).answer->status == 503);
  QueryRequest asked;
  bench.admin.set_query_handler([&](QueryRequest request, http::Responder responder) {
    asked = std::move(request);
    responder.respond(200, "application/json", "{\"rows\":[]}");
  });
  CHECK(bench.json("POST", "/v2/query", body).text == "{\"rows\":[]}");
  CHECK(asked.sql == "select 1");
  CHECK_FALSE(asked.as_json);
  bench.request("POST", "/query", body,
                {{"content-type", "application/json"}, {"accept", "application/json"}});
  CHECK(asked.as_json);
}

TEST_CASE("health waits for the partitions", "[admin]") {
  Bench bench;
  CHECK(bench.request("GET", "/health").answer->status == 200);
  bench.partition.is_ready = false;
  CHECK(bench.request("GET", "/v3/health").answer->status == 503);
}

TEST_CASE("the API describes itself and its services", "[admin][openapi]") {
  Bench bench(manifests());
  bench.json("POST", "/deployments", at_endpoint("/a"));
  const Json api = *schema::parse_json(bench.request("GET", "/openapi").text);
  CHECK(api["paths"]["/deployments/{deployment}"].contains("patch"));
  CHECK_FALSE(api["paths"].contains("/internal/invocations_batch_operations/kill"));
  const Json service = *schema::parse_json(bench.request("GET", "/services/Obj/openapi").text);
  CHECK(service["openapi"] == "3.1.0");
  CHECK(service["info"]["title"] == "Obj");
  CHECK(service["paths"]["/restate/call/Obj/{key}/ex"]["post"]["operationId"] == "ex");
  CHECK(service["paths"]["/restate/send/Obj/{key}/ex"]["post"]["operationId"] == "exSend");
  CHECK(service["paths"].contains("/restate/invocation/Obj/{key}/ex/{idempotencyKey}/output"));
}

TEST_CASE("with a token, only who shows it is served", "[admin]") {
  Bench bench(manifests());
  AdminOptions options = Bench::admin_options();
  options.bearer_token = "s3cret";
  Admin admin(bench.world.shard(), options,
              {bench.registry, bench.discoverer, bench.partition, bench.rules});
  const auto ask = [&](const std::string& path, const std::string& authorization) {
    http::RequestHead head;
    head.target = path;
    if (!authorization.empty()) head.headers.add("authorization", authorization);
    FakeStream stream;
    if (auto exchange = admin.handler().on_request(head, stream)) exchange->on_body_end();
    REQUIRE(stream.answer);
    return stream;
  };
  for (const char* path : {"/services", "/v3/version", "/nope", "/health/x"}) {
    for (const char* wrong : {"", "Bearer x", "Basic s3cret"}) {
      const FakeStream refused = ask(path, wrong);
      CHECK(refused.answer->status == 401);
      CHECK(refused.header("www-authenticate") == "Bearer realm=\"restate\"");
      CHECK(schema::parse_json(refused.text)->contains("restate_code"));
    }
  }
  CHECK(ask("/services", "Bearer s3cret").answer->status == 200);
  CHECK(ask("/health", "").answer->status == 200);
  CHECK(ask("/v4/health", "").answer->status == 200);
  CHECK(ask("/ui/", "").answer->status == 200);  // where a browser asks for the token
  CHECK(ask("/internal/server-info", "").answer->status == 401);
  CHECK(ask("/internal/server-info", "Bearer s3cret").text.find("\"token\":true") !=
        std::string::npos);
}

TEST_CASE("more requests than are wanted at once are turned away", "[admin]") {
  Bench bench(manifests());
  AdminOptions options = Bench::admin_options();
  options.concurrent_requests = 1;
  Admin admin(bench.world.shard(), options,
              {bench.registry, bench.discoverer, bench.partition, bench.rules});
  const auto begin = [&](FakeStream& stream) {
    http::RequestHead head;
    head.method = "PATCH";
    head.target = "/invocations/" + kId + "/cancel";
    auto exchange = admin.handler().on_request(head, stream);
    exchange->on_body_end();
    return exchange;
  };
  FakeStream first, second, third;
  const auto waits = begin(first);
  const auto refused = begin(second);
  CHECK(second.answer->status == 429);
  REQUIRE(bench.world.run_until([&] { return first.answer.has_value(); }));
  const auto later = begin(third);
  REQUIRE(bench.world.run_until([&] { return third.answer.has_value(); }));
  CHECK(third.answer->status == 404);
}

TEST_CASE("the description of the API has every route, and names nothing that is not there",
          "[admin]") {
  Bench bench(manifests());
  const auto document = schema::parse_json(bench.request("GET", "/openapi").text);
  REQUIRE(document);
  std::set<std::string> described, routed;
  for (const auto& [path, operations] : (*document)["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      described.insert(method + " " + path);
      CHECK(operation["responses"].size() > 0);
    }
  }
  for (const auto& [method, pattern] : bench.admin.router().routes()) {
    const bool of_old = method == "PUT" && pattern.starts_with("/deployments");
    const bool of_page = pattern == "/" || pattern.starts_with("/ui");
    if (pattern.starts_with("/internal/") || pattern == "/openapi" || of_old || of_page) continue;
    routed.insert(ascii_lower(method) + " " + pattern);
  }
  CHECK(described == routed);

  const std::string text = schema::json_text(*document);
  const std::string begin = "\"$ref\":\"#";
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::string pointer = text.substr(at, text.find('"', at) - at);
    CAPTURE(pointer);
    CHECK(document->contains(Json::json_pointer(pointer)));
  }
}

TEST_CASE("large answers are compressed for who asks for it", "[admin]") {
  Bench bench(manifests());
  const auto ask = [&](const std::string& path, const std::string& accepted) {
    return bench.request("GET", path, {}, {{"accept-encoding", accepted}});
  };
  const std::string plain = bench.request("GET", "/openapi").text;
  for (const char* accepted : {"gzip", "br, gzip;q=0.5", "*", "GZIP"}) {
    const FakeStream stream = ask("/openapi", accepted);
    CHECK(stream.header("content-encoding") == "gzip");
    CHECK(stream.header("content-type") == "application/json");
    CHECK(stream.header("vary") == "accept-encoding");
    CHECK(gunzip(stream.text) == plain);
  }
  for (const char* refused : {"", "br", "gzip;q=0", "deflate, gzip; q=0.0", "*;q=0", "*, gzip;q=0"}) {
    const FakeStream stream = ask("/openapi", refused);
    CHECK(stream.header("content-encoding") == "<none>");
    CHECK(stream.text == plain);
  }
  CHECK(ask("/services", "gzip").header("content-encoding") == "<none>");  // small
}
