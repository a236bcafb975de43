#include "bench.h"
#include "common/hash.h"

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

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
