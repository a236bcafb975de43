#include "ingress/exchange.h"

#include "common/hash.h"
#include "fakes.h"
#include "fixtures.h"
#include "ingress/dispatch.h"
#include "support/catch.h"

#include <restate/testing/world.h>

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

namespace {

http::RequestHead head_of(std::string method, std::string target,
                          std::vector<http::Header> headers = {}) {
  http::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  for (auto& header : headers) head.headers.add(header.name, header.value);
  return head;
}

const std::vector<http::Header> kJson{{"content-type", "application/json"}};

std::vector<http::Header> json_and(std::string name, std::string value) {
  return {{"content-type", "application/json"}, {std::move(name), std::move(value)}};
}

worker::InvokeReply output(std::string text) {
  worker::InvokeReply reply;
  reply.result = Bytes(std::move(text));
  return reply;
}

/// An ingress without sockets.
struct Bench {
  restate::testing::World world{restate::testing::Seed{7}};
  IngressOptions options;
  FakePartition partition;
  schema::SchemaCell schemas{recorded_services()};
  Context context{world.shard(), options, partition, schemas};

  /// Sends a request and runs the world until it is answered, or nothing moves any more.
  FakeStream request(http::RequestHead head, std::string_view body = {}) {
    FakeStream stream;
    auto dispatched = dispatch(head, context);
    if (auto* answer = std::get_if<Answer>(&dispatched)) {
      stream.respond(answer->head, answer->body);
      return stream;
    }
    Exchange exchange(context, stream, Asked(head, context.shard), std::get<Work>(std::move(dispatched)));
    if (!body.empty()) exchange.on_body(Bytes(body));
    exchange.on_body_end();
    world.run_until([&] { return stream.answer.has_value(); }, 60s);
    return stream;
  }

  int status(std::string method, std::string target, std::vector<http::Header> headers = {},
             std::string_view body = {}) {
    FakeStream stream = request(head_of(std::move(method), std::move(target), std::move(headers)), body);
    REQUIRE(stream.answer);
    return stream.answer->status;
  }
};

}  // namespace

TEST_CASE("a call becomes an invocation and its output the answer", "[ingress]") {
  Bench bench;
  bench.partition.invoke_replies.push_back(output("{\"a\":1}"));
  FakeStream stream = bench.request(
      head_of("POST", "/Svc/echo/?x=%20y#frag",
              {{"content-type", "application/json"}, {"host", "h"}, {"x-foo", "1"},
               {"traceparent", "00-aa-bb-01"}, {"connection", "keep-alive"}, {"x-foo", "2"}}),
      "{\"a\":1}");

  REQUIRE(stream.answer);
  CHECK(stream.answer->status == 200);
  CHECK(stream.text == "{\"a\":1}");
  CHECK(stream.header("content-type") == "application/json");
  CHECK(stream.header("idempotency-expires") == "<none>");
  CHECK(stream.header("vary") ==
        "origin, access-control-request-method, access-control-request-headers");

  REQUIRE(bench.partition.invoked.size() == 1);
  const auto& [invocation, request, wait] = bench.partition.invoked[0];
  CHECK(wait == worker::WaitFor::kOutput);
  CHECK(stream.header("x-restate-id") == invocation.id.str());
  CHECK(invocation.target.str() == "Svc/echo");
  CHECK(invocation.argument == Bytes("{\"a\":1}"));
  CHECK(invocation.span.traceparent == "00-aa-bb-01");
  CHECK(invocation.retention == wire::Retention{86'400'000, 86'400'000});
  CHECK_FALSE(invocation.execution_time);
  REQUIRE(invocation.idempotency_key);
  CHECK(invocation.idempotency_key->size() == 26);  // ours
  CHECK(invocation.id.uuid == idempotent_uuid(std::nullopt, "Svc", std::nullopt, "echo",
                                              *invocation.idempotency_key));
  const std::vector<wire::Header> expected{{"x-restate-ingress-path", "/Svc/echo?x=%20y"},
                                           {"content-type", "application/json"},
                                           {"x-foo", "1"},
                                           {"traceparent", "00-aa-bb-01"}};
  CHECK(invocation.headers == expected);
  CHECK(bench.context.in_flight == 0);
}

TEST_CASE("the content type of an answer is the declared one", "[ingress]") {
  Bench bench;
  SECTION("an empty output has none") {
    bench.partition.invoke_replies.push_back(output(""));
    CHECK(bench.request(head_of("POST", "/Svc/nothing", kJson), "1").header("content-type") ==
          "<none>");
  }
  SECTION("unless the handler wants it") {
    bench.partition.invoke_replies.push_back(output(""));
    CHECK(bench.request(head_of("POST", "/Svc/emptyCt")).header("content-type") ==
          "application/x-foo");
  }
  SECTION("bytes are bytes") {
    bench.partition.invoke_replies.push_back(output("x"));
    CHECK(bench.request(head_of("POST", "/Svc/raw", {{"content-type", "text/html"}}), "x")
              .header("content-type") == "application/octet-stream");
  }
}

TEST_CASE("known identities give known ids", "[ingress][identity]") {
  Bench bench;
  bench.partition.invoke_replies.push_back(output("1"));
  bench.partition.invoke_replies.push_back(output("1"));
  bench.partition.invoke_replies.push_back(output("1"));
  const auto key = json_and("idempotency-key", "golden-key-1");
  CHECK(bench.request(head_of("POST", "/Svc/echo", key), "1").header("x-restate-id") ==
        "inv_1gA1bkjbSDNe7EYS2FASZlWOup1kDGbtND");
  CHECK(bench.request(head_of("POST", "/Obj/golden-object/add", key), "1").header("x-restate-id") ==
        "inv_1gk6HilkqrpF0Nk2ktBMvvgMtABJm7bBCO");
  CHECK(bench.request(head_of("POST", "/Wf/golden-wf-key/run", kJson), "1").header("x-restate-id") ==
        "inv_17nwZmTbCttU0fwjDA3QGsf4IQoTLiby9J");

  SECTION("also with the sharding of old") {
    bench.options.controlled_idempotent_sharding = false;
    bench.partition.invoke_replies.push_back(output("1"));
    CHECK(bench.request(head_of("POST", "/Svc/echo", key), "1").header("x-restate-id") ==
          "inv_1ghTpPNjqf5Q7EYS2FASZlWOup1kDGbtND");
    bench.partition.invoke_replies.push_back(output("1"));
    bench.request(head_of("POST", "/Svc/echo", kJson), "1");
    CHECK_FALSE(bench.partition.invoked.back().invocation.idempotency_key);
  }
}

TEST_CASE("lookups compute ids from a body", "[ingress][identity]") {
  Bench bench;
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"target":"workflow","workflowName":"Wf","workflowKey":"golden-wf-key"})",
       "inv_17nwZmTbCttU0fwjDA3QGsf4IQoTLiby9J"},
      {R"({"target":"workflow","workflowName":"DoesNotExist","workflowKey":"k"})",
       "inv_10T5Thwsbi8d6rviKpVnrWhO14Vnmb6Itk"},
      {R"({"target":"workflow","workflowName":"Wf","workflowKey":"golden-wf-key","scope":"tenant-1"})",
       "inv_146goE50ip0q09KaxaACQXrz2Hl3amCLZP"},
      {R"({"target":"idempotentInvocation","service":"Svc","handler":"echo","idempotencyKey":"golden-key-1"})",
       "inv_1gA1bkjbSDNe7EYS2FASZlWOup1kDGbtND"},
      {R"({"target":"idempotentInvocation","service":"Svc","handler":"echo","idempotencyKey":"golden-key-1","scope":"tenant-1"})",
       "inv_146goE50ip0q6UFwaQ5fyC51WQx6PI9RUO"},
      {R"({"target":"idempotentInvocation","service":"Obj","key":"golden-object","handler":"add","idempotencyKey":"golden-key-1","foo":1})",
       "inv_1gk6HilkqrpF0Nk2ktBMvvgMtABJm7bBCO"},
      {R"({"target":"idempotentInvocation","service":"Obj","key":"","handler":"add","idempotencyKey":""})",
       "inv_141kvpM925263vII4AjrcCpuC0mFEAcoHE"},
      {R"({"target":"workflow","workflowName":"Wf","workflowKey":"é€","scope":null})",
       "inv_1gNY9dL0Te7D2PRoRnTW48zPpdvdmTsGma"},
      {R"({"target":"invocation","invocationId":"inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1sZZ"})",
       "inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1sZZ"}};
  for (const auto& [body, id] : cases) {
    CAPTURE(body);
    FakeStream stream = bench.request(head_of("POST", "/restate/lookup"), body);
    CHECK(stream.text == "{\"invocationId\":\"" + id + "\"}");
  }
  for (const char* body : {"", "{}", "[]", R"({"target":"foo"})", R"({"target":"workflow"})", "{not json",
                           R"({"target":"workflow","workflowName":1,"workflowKey":"k"})",
                           R"({"target":"invocation","invocationId":"x"})",
                           R"({"target":"workflow","workflowName":"Wf","workflowKey":"k","scope":"a b"})"}) {
    CAPTURE(body);
    CHECK(bench.status("POST", "/restate/lookup", {}, body) == 400);
  }
}

TEST_CASE("a send is acknowledged with its id", "[ingress]") {
  Bench bench;
  worker::InvokeReply reply;
  SECTION("new") {
    bench.partition.invoke_replies.push_back(reply);
    FakeStream stream = bench.request(head_of("GET", "/Svc/noInput/send"));
    CHECK(stream.answer->status == 202);
    const std::string id = stream.header("x-restate-id");
    CHECK(stream.text == "{\"invocationId\":\"" + id + "\",\"status\":\"Accepted\"}");
    CHECK(bench.partition.invoked[0].wait == worker::WaitFor::kSubmitted);
  }
  SECTION("seen before, and still scheduled") {
    reply.is_new = false;
    reply.execution_time = WallTime{1'767'323'045'678};
    bench.partition.invoke_replies.push_back(reply);
    FakeStream stream = bench.request(head_of("POST", "/Svc/echo/send?DELAY=10+s", kJson), "1");
    const std::string id = stream.header("x-restate-id");
    CHECK(stream.text == "{\"invocationId\":\"" + id +
                             "\",\"executionTime\":\"2026-01-02T03:04:05.678000000Z\","
                             "\"status\":\"PreviouslyAccepted\"}");
    const auto& invocation = bench.partition.invoked[0].invocation;
    CHECK(invocation.execution_time == bench.world.shard().wall_now().plus(10'000));
  }
  SECTION("delays that cannot be") {
    for (const char* delay : {"", "10", "abc", "-10s", "1M", "1y", "7304484d", "%ff", "1e3s"}) {
      CAPTURE(delay);
      CHECK(bench.status("POST", "/Svc/echo/send?delay=" + std::string(delay), kJson, "1") == 400);
    }
    CHECK(bench.status("POST", "/Svc/echo?delay=1s", kJson, "1") == 400);
    CHECK(bench.partition.invoked.empty());
  }
}

TEST_CASE("failures of an invocation keep their code", "[ingress]") {
  Bench bench;
  const auto fail = [&](wire::Failure failure) {
    worker::InvokeReply reply;
    reply.result = std::move(failure);
    bench.partition.invoke_replies.push_back(std::move(reply));
    return bench.request(head_of("POST", "/Svc/echo", kJson), "1");
  };
  FakeStream teapot = fail({418, "teapot", {{"k", "v"}, {"l", "w"}}});
  CHECK(teapot.answer->status == 418);
  CHECK(teapot.header("x-restate-error-source") == "invocation");
  CHECK(teapot.header("x-restate-id") != "<none>");
  CHECK(teapot.text == "{\"code\":418,\"message\":\"teapot\",\"metadata\":{\"k\":\"v\",\"l\":\"w\"},"
                       "\"source\":\"invocation\"}");
  CHECK(fail({409, "\n\"", {}}).text ==
        "{\"code\":409,\"message\":\"\\n\\\"\",\"source\":\"invocation\"}");
  const std::vector<std::pair<std::uint32_t, int>> codes{
      {0, 500}, {100, 500}, {199, 500}, {200, 200}, {204, 204}, {999, 999}, {1000, 500}, {70'000, 500}};
  for (const auto& [code, status] : codes) {
    CAPTURE(code);
    CHECK(fail({code, "x", {}}).answer->status == status);
  }
  CHECK(fail({204, "x", {}}).text.empty());
  CHECK(fail({1000, "x", {}}).text == "{\"code\":1000,\"message\":\"x\",\"source\":\"invocation\"}");
  CHECK(fail({70'000, "x", {}}).text == "{\"code\":500,\"message\":\"x\",\"source\":\"invocation\"}");
}

TEST_CASE("requests are refused in a fixed order of checks", "[ingress]") {
  Bench bench;
  const auto text = [&](std::string method, std::string target, std::vector<http::Header> headers = {},
                        std::string_view body = {}) {
    FakeStream stream = bench.request(head_of(std::move(method), std::move(target), std::move(headers)), body);
    CHECK(stream.header("x-restate-error-source") == "ingress");
    CHECK(stream.header("x-restate-id") == "<none>");
    return stream.text;
  };
  const auto mentions = [](const std::string& body, std::string_view words) {
    INFO(body);
    return body.find(words) != std::string::npos;
  };
  CHECK(text("DELETE", "/Nope/x") ==
        "{\"code\":404,\"message\":\"service 'Nope' not found, make sure to register the service "
        "before calling it.\",\"source\":\"ingress\"}");
  CHECK(mentions(text("POST", "/Svc/nope"), "\"code\":404"));
  CHECK(mentions(text("POST", "/Svc/hidden", {{"idempotency-key", "\xff"}}), "not public"));
  CHECK(mentions(text("POST", "/PrivSvc/hi"), "not public"));
  CHECK(mentions(text("PUT", "/Svc/echo", {{"idempotency-key", "\xff"}}), "bad header idempotency-key"));
  CHECK(mentions(text("PUT", "/Wf/k/run", {{"idempotency-key", "x"}}), "workflow handlers"));
  CHECK(mentions(text("PUT", "/restate/scope/s/call/Svc/echo"), "vqueues"));
  CHECK(mentions(text("PUT", "/restate/scope/a%20b/call/Svc/echo"), "bad scope value"));
  CHECK(mentions(text("PUT", "/Svc/echo", {{"content-type", "text/plain"}}, "1"), "\"code\":405"));
  CHECK(mentions(text("post", "/Svc/echo"), "\"code\":405"));
  CHECK(mentions(text("POST", "/Svc/echo/send?delay=bad", {{"content-type", "text/plain"}}, "1"),
                 "input validation error: Content-type 'text/plain' does not match"));
  CHECK(mentions(text("POST", "/Svc/echo?delay=bad&limit-key=%20", kJson, "1"), "bad delay"));
  CHECK(mentions(text("POST", "/Svc/echo?limit-key=a", json_and("x-foo", "\xff"), "1"),
                 "limit-key requires a scope"));
  CHECK(mentions(text("POST", "/Svc/echo?limit-key=a/b/c", kJson, "1"), "too many path components"));
  CHECK(mentions(text("POST", "/Svc/echo?delay=1s", json_and("x-foo", "\xff"), "1"), "bad header x-foo"));
  CHECK(mentions(text("POST", "/Svc/echo", json_and("x-restate-limit-key", "a b"), "1"), "invalid limit-key"));
  CHECK(mentions(text("PUT", "/restate/invocation/foo/attach"), "bad invocation id 'foo'"));
  CHECK(mentions(text("POST", "/restate/output/inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1sZZ"), "\"code\":405"));
  CHECK(mentions(text("GET", "/restate/awakeables/foo/resolve"), "\"code\":405"));
  CHECK(mentions(text("POST", "/restate/awakeables/foo/resolve"), "bad awakeable id 'foo'"));
  CHECK(mentions(text("GET", "/restate/attach"), "\"code\":405"));
  CHECK(mentions(text("GET", "/restate/lookup"), "\"code\":405"));
  CHECK(mentions(text("POST", "/restate/health"), "\"code\":405"));
  CHECK(bench.partition.invoked.empty());

  SECTION("an empty limit key is none") {
    bench.partition.invoke_replies.push_back(output("1"));
    CHECK(bench.status("POST", "/Svc/echo?limit-key=zz", json_and("x-restate-limit-key", ""), "1") == 200);
  }
}

TEST_CASE("scopes count where they are enabled", "[ingress]") {
  Bench bench;
  bench.options.vqueues = true;
  bench.partition.invoke_replies.push_back(output("1"));
  const auto key = json_and("idempotency-key", "golden-key-1");
  FakeStream stream =
      bench.request(head_of("POST", "/restate/scope/tenant-1/call/Svc/echo?limit-key=a/b/", key), "1");
  CHECK(stream.header("x-restate-id") == "inv_146goE50ip0q6UFwaQ5fyC51WQx6PI9RUO");
  CHECK(bench.partition.invoked[0].invocation.limit_key == "a/b");
  CHECK(bench.partition.invoked[0].invocation.target.scope == "tenant-1");
  CHECK(bench.status("POST", "/restate/scope/tenant-1/call/Obj/k/add", kJson, "1") == 400);
}

TEST_CASE("results can be waited for and looked at", "[ingress]") {
  using Kind = worker::OutputReply::Kind;
  Bench bench;
  const std::string id = "inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1sZZ";
  const auto reply = [&](Kind kind) -> worker::OutputReply& {
    worker::OutputReply result;
    result.kind = kind;
    bench.partition.output_replies.push_back(result);
    return *bench.partition.output_replies.back();
  };
  SECTION("not there") {
    reply(Kind::kNotFound);
    FakeStream looked = bench.request(head_of("GET", "/restate/invocation/" + id + "/output"));
    CHECK(looked.text == "{\"code\":404,\"message\":\"invocation not found\",\"source\":\"ingress\"}");
    CHECK(looked.header("x-restate-id") == "<none>");
    reply(Kind::kNotFound);
    FakeStream waited = bench.request(head_of("GET", "/restate/attach/" + id));
    CHECK(waited.text == "{\"code\":404,\"message\":\"not found\",\"source\":\"invocation\"}");
    CHECK(waited.header("x-restate-id") == id);
    CHECK_FALSE(bench.partition.asked[0].block);
    CHECK(bench.partition.asked[1].block);
  }
  SECTION("not yet") {
    reply(Kind::kNotReady);
    CHECK(bench.status("GET", "/restate/output/" + id) == 470);
  }
  SECTION("done") {
    auto& done = reply(Kind::kReady);
    done.result = Bytes("[1]");
    done.completion_expiry = WallTime{1'767'323'045'678};
    done.target = wire::InvocationTarget{};
    done.target->service = "Svc";
    done.target->handler = "raw";
    FakeStream stream = bench.request(head_of("GET", "/restate/output/" + id));
    CHECK(stream.text == "[1]");
    CHECK(stream.header("content-type") == "application/octet-stream");
    CHECK(stream.header("idempotency-expires") == "2026-01-02T03:04:05.678+00:00");
    CHECK(stream.header("x-restate-id") == id);
  }
  SECTION("done, but the handler is gone") {
    auto& done = reply(Kind::kReady);
    done.result = Bytes("[1]");
    done.target = wire::InvocationTarget{};
    done.target->service = "Gone";
    CHECK(bench.status("GET", "/restate/output/" + id) == 404);
  }
  SECTION("failed") {
    reply(Kind::kReady).result = wire::failures::killed();
    CHECK(bench.status("GET", "/restate/attach/" + id) == 409);
  }
  SECTION("by key, by workflow, by body") {
    reply(Kind::kNotReady);
    reply(Kind::kNotReady);
    reply(Kind::kNotReady);
    bench.request(head_of("GET", "/restate/invocation/Svc/echo/golden-key-1/output"));
    bench.request(head_of("GET", "/restate/workflow/Wf/golden-wf-key/output"));
    bench.request(head_of("POST", "/restate/output"),
                  R"({"target":"workflow","workflowName":"Wf","workflowKey":"golden-wf-key"})");
    CHECK(bench.partition.asked[0].invocation.str() == "inv_1gA1bkjbSDNe7EYS2FASZlWOup1kDGbtND");
    CHECK(bench.partition.asked[1].invocation.str() == "inv_17nwZmTbCttU0fwjDA3QGsf4IQoTLiby9J");
    CHECK(bench.partition.asked[2].invocation == bench.partition.asked[1].invocation);
  }
}

TEST_CASE("awakeables are completed with bytes or a reason", "[ingress]") {
  Bench bench;
  const std::string id = "sign_1ATd0NqV1Pt4BfJUgm9cWSHzhGPPvwvpDAAAAEQ";
  bench.partition.signal_replies.resize(2);
  FakeStream resolved = bench.request(head_of("POST", "/restate/awakeables/" + id + "/resolve"), "{\"x\":1}");
  CHECK(resolved.answer->status == 202);
  CHECK(resolved.text.empty());
  CHECK(bench.status("POST", "/restate/a/" + id + "/reject", {}, "a\xff" "b") == 202);
  REQUIRE(bench.partition.signals.size() == 2);
  CHECK(bench.partition.signals[0].signal == std::variant<wire::SignalIndex, wire::SignalName>(wire::SignalIndex{17}));
  CHECK(std::get<Bytes>(bench.partition.signals[0].result) == Bytes("{\"x\":1}"));
  CHECK(std::get<wire::Failure>(bench.partition.signals[1].result) == wire::Failure{500, "a\uFFFDb", {}});

  // Of a protocol that nobody here speaks any more: taken, and dropped.
  CHECK(bench.status("POST", "/restate/a/prom_1ATd0NqV1Pt4BfJUgm9cWSHzhGPPvwvpDAAAAEQ/reject", {}, "x") == 202);
  CHECK(bench.partition.signals.size() == 2);
  for (const char* bad : {"", "foo", "foo_1abc", "sign_1abc", "prom_1abc", "prom_2abc", "prom_", "prom_1!!!!",
                          "sign_1ATd0NqV1Pt4BfJUgm9cWSHzhGPPvwvpDAAAAEQA=",
                          "inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1suP"}) {
    CAPTURE(bad);
    CHECK(bench.status("POST", "/restate/a/" + std::string(bad) + "/resolve", {}, "1") == 400);
  }
}

TEST_CASE("without a leader a request waits and tries again with the same id", "[ingress][retry]") {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.partition.invoke_replies.push_back(Error{i % 2 == 0 ? Code::kNotLeader : Code::kUnavailable, "x"});
  }
  bench.partition.invoke_replies.push_back(output("1"));
  const Instant start = bench.world.now();
  FakeStream stream = bench.request(head_of("POST", "/Svc/echo", kJson), "1");
  REQUIRE(stream.answer);
  CHECK(stream.answer->status == 200);
  REQUIRE(bench.partition.invoked.size() == 11);
  for (const auto& tried : bench.partition.invoked) {
    CHECK(tried.request == bench.partition.invoked[0].request);
    CHECK(tried.invocation == bench.partition.invoked[0].invocation);
  }
  CHECK(bench.world.now() - start > 6s);   // 50 ms, doubled up to a second
  CHECK(bench.world.now() - start < 10s);

  SECTION("what might run twice is not repeated") {
    bench.options.controlled_idempotent_sharding = false;
    bench.options.defaults.journal_retention_ms = 0;
    bench.partition.invoke_replies.push_back(Error{Code::kUnavailable, "x"});
    CHECK(bench.status("POST", "/Svc/echo", kJson, "1") == 503);
    bench.partition.invoke_replies.push_back(Error{Code::kNotLeader, "x"});
    bench.partition.invoke_replies.push_back(output("1"));
    CHECK(bench.status("POST", "/Svc/echo", kJson, "1") == 200);
  }
  SECTION("nor anything while we close") {
    bench.partition.invoke_replies.push_back(Error{Code::kShutdown, "x"});
    CHECK(bench.status("POST", "/Svc/echo", kJson, "1") == 503);
  }
  SECTION("nor what no record can hold: the client must send less") {
    bench.partition.invoke_replies.push_back(Error{Code::kInvalidArgument, "70000000 bytes"});
    FakeStream refused = bench.request(head_of("POST", "/Svc/echo", kJson), "1");
    CHECK(refused.answer->status == 413);
    CHECK(refused.text == R"({"code":413,"message":"the request is too large: 70000000 bytes",)"
                          R"("source":"ingress"})");
  }
  SECTION("reads and signals are repeated") {
    bench.partition.output_replies.push_back(Error{Code::kUnavailable, "x"});
    bench.partition.output_replies.push_back(worker::OutputReply{});
    CHECK(bench.status("GET", "/restate/output/inv_19HUFRzZqTGR5VM5Jo2G5T9aq6qLWi1sZZ") == 404);
    bench.partition.signal_replies.push_back(Error{Code::kUnavailable, "x"});
    bench.partition.signal_replies.push_back({});
    CHECK(bench.status("POST", "/restate/a/sign_1ATd0NqV1Pt4BfJUgm9cWSHzhGPPvwvpDAAAAEQ/resolve") == 202);
  }
}

TEST_CASE("a client that goes away is forgotten", "[ingress]") {
  Bench bench;
  bench.partition.invoke_replies.push_back(Error{Code::kNotLeader, "x"});
  FakeStream stream;
  {
    auto head = head_of("POST", "/Svc/noInput");
    Exchange exchange(bench.context, stream, Asked(head, bench.context.shard),
                      std::get<Work>(dispatch(head, bench.context)));
    CHECK(bench.context.in_flight == 1);
    exchange.on_body_end();
  }
  CHECK(bench.context.in_flight == 0);
  CHECK(bench.world.run_until_idle());
  CHECK_FALSE(stream.answer);
  CHECK(bench.partition.invoked.size() == 1);
}

TEST_CASE("too much at once and too large a body are turned away", "[ingress][limits]") {
  Bench bench;
  bench.options.request_size_limit = 10;
  FakeStream stream;
  {
    auto head = head_of("POST", "/Svc/raw");
    head.headers.add("origin", "https://app.example");
    const Asked asked(head, bench.context.shard);  // dispatch takes the headers
    Exchange exchange(bench.context, stream, asked, std::get<Work>(dispatch(head, bench.context)));
    exchange.on_body(Bytes("0123456789"));
    CHECK_FALSE(stream.answer);
    bench.options.concurrent_requests = 1;
    CHECK(bench.status("GET", "/restate/health") == 429);
    exchange.on_body(Bytes("0"));
    exchange.on_body(Bytes("1"));
    exchange.on_body_end();
    REQUIRE(stream.answer);
    CHECK(stream.answer->status == 413);
    CHECK(stream.header("access-control-allow-origin") == "https://app.example");
    CHECK(stream.header("access-control-expose-headers") == "x-restate-id, x-restate-error-source");
  }
  CHECK(bench.status("GET", "/restate/health") == 200);
}

TEST_CASE("the shards of a node count their requests together", "[ingress][limits]") {
  Bench here, there;
  here.options.concurrent_requests = there.options.concurrent_requests = 2;
  here.options.node_in_flight = there.options.node_in_flight =
      std::make_shared<std::atomic<std::size_t>>(0);
  FakeStream first, second;
  const auto begin = [](Bench& bench, FakeStream& stream) {
    auto head = head_of("POST", "/Svc/raw");
    return std::make_unique<Exchange>(bench.context, stream, Asked(head, bench.context.shard),
                                      std::get<Work>(dispatch(head, bench.context)));
  };
  auto one = begin(here, first);
  CHECK(there.status("GET", "/restate/health") == 200);
  auto two = begin(there, second);
  CHECK(here.status("GET", "/restate/health") == 429);
  CHECK(there.status("GET", "/restate/health") == 429);
  one.reset();
  CHECK(here.status("GET", "/restate/health") == 200);
  CHECK(there.status("GET", "/restate/health") == 200);
}

TEST_CASE("a body may come in pieces of any size", "[ingress]") {
  Bench bench;
  bench.partition.invoke_replies.push_back(output("done"));
  auto head = head_of("POST", "/Svc/raw", {{"content-type", "a/b"}});
  Asked asked(head, bench.context.shard);  // `dispatch` takes the headers
  FakeStream stream;
  Exchange exchange(bench.context, stream, std::move(asked),
                    std::get<Work>(dispatch(head, bench.context)));
  std::string body;
  const auto add = [&](std::size_t bytes) {
    const std::string piece(bytes, static_cast<char>('a' + body.size() % 26));
    body += piece;
    exchange.on_body(Bytes(piece));
  };
  for (int i = 0; i < 40'000; ++i) add(1);
  for (const std::size_t bytes : {100'000, 5, 16'384, 16'383, 7, 20'000, 3}) add(bytes);
  exchange.on_body_end();
  bench.world.run_until([&] { return stream.answer.has_value(); }, 60s);
  REQUIRE(bench.partition.invoked.size() == 1);
  CHECK(bench.partition.invoked[0].invocation.argument.view() == body);
}

TEST_CASE("bodies that wait have a bound", "[ingress][limits]") {
  Bench bench;
  bench.options.bodies = std::make_shared<MemoryPool>(10'000);
  MemoryPool& pool = *bench.options.bodies;
  bench.partition.hold_invocations = true;
  const std::string body(6000, 'x');
  const auto begin = [&](FakeStream& stream) {
    auto head = head_of("POST", "/Svc/raw", {{"content-type", "a/b"}});
    Asked asked(head, bench.context.shard);  // `dispatch` takes the headers
    return std::make_unique<Exchange>(bench.context, stream, std::move(asked),
                                      std::get<Work>(dispatch(head, bench.context)));
  };
  FakeStream first, second;
  auto one = begin(first);
  one->on_body(Bytes(body));
  CHECK(pool.used() == 6000);
  auto two = begin(second);
  two->on_body(Bytes(body));
  REQUIRE(second.answer);
  CHECK(second.answer->status == 429);
  CHECK(pool.used() == 6000);

  one->on_body_end();
  CHECK(pool.used() == 6000);
  REQUIRE(bench.partition.held.size() == 1);
  auto& held = bench.partition.held[0];
  SECTION("until the log has them, however long the call waits then") {
    held.stored();
    CHECK(pool.used() == 0);
    FakeStream third;
    auto other = begin(third);
    other->on_body(Bytes(body));
    CHECK_FALSE(third.answer);
    held.done(output("1"));
    REQUIRE(first.answer);
    CHECK(first.answer->status == 200);
    CHECK(first.text == "1");
  }
  SECTION("after that the result is asked for, not the call repeated") {
    held.stored();
    worker::OutputReply reply;
    reply.kind = worker::OutputReply::Kind::kReady;
    reply.result = Bytes("late");
    bench.partition.output_replies.push_back(Error{Code::kNotLeader, "x"});
    bench.partition.output_replies.push_back(std::move(reply));
    held.done(Error{Code::kUnavailable, "the leader has gone"});
    bench.world.run_until([&] { return first.answer.has_value(); }, 60s);
    REQUIRE(first.answer);
    CHECK(first.answer->status == 200);
    CHECK(first.text == "late");
    REQUIRE(bench.partition.asked.size() == 2);
    CHECK(bench.partition.asked[0].block);
    CHECK(bench.partition.asked[0].invocation == bench.partition.invoked[0].invocation.id);
    CHECK(bench.partition.invoked.size() == 1);
  }
  SECTION("a result that was not kept is said to be lost") {
    held.stored();
    bench.partition.output_replies.push_back(worker::OutputReply{});
    held.done(Error{Code::kUnavailable, "the leader has gone"});
    bench.world.run_until([&] { return first.answer.has_value(); }, 60s);
    REQUIRE(first.answer);
    CHECK(first.answer->status == 503);
  }
  SECTION("a client that leaves takes its body along, and the partition hears of it") {
    one.reset();
    CHECK(pool.used() == 0);
    REQUIRE(bench.partition.forgotten.size() == 1);
    CHECK(bench.partition.forgotten[0] == bench.partition.invoked[0].request);
    held.done(Error{Code::kCancelled, "nobody waits"});
  }
  SECTION("nobody is told while everything closes") {
    bench.context.closing = true;
    one.reset();
    CHECK(bench.partition.forgotten.empty());
    held.done(Error{Code::kCancelled, "nobody waits"});
  }
  if (held.done) held.done(output("1"));
}

TEST_CASE("health lists all services once partitions are served", "[ingress]") {
  Bench bench;
  CHECK(bench.request(head_of("GET", "/restate/health")).text ==
        "{\"services\":[\"Obj\",\"PrivSvc\",\"Svc\",\"Wf\",\"send\"]}");
  bench.partition.is_ready = false;
  CHECK(bench.status("GET", "/restate/health") == 503);
}

TEST_CASE("changes of the registry count for the next request", "[ingress]") {
  Bench bench;
  schema::ServicePatch patch;
  patch.is_public = false;
  auto edited = schema::modify_service(*bench.schemas.current(), "Svc", patch);
  REQUIRE(edited);
  bench.schemas.set(schema::snapshot(std::move(*edited)));
  CHECK(bench.status("POST", "/Svc/echo", kJson, "1") == 400);
}
