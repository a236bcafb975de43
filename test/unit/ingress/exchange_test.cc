#include "bench.h"
#include "common/hash.h"

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

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
