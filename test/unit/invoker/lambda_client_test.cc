#include "invoker/lambda_client.h"
#include "invoker/options.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <deque>
#include <string>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;

namespace {

/// Answers after a second what it is told to; counts calls that were given up.
struct FakeLambda final : LambdaClient {
  struct Call final : LambdaCall {
    Call(FakeLambda& o) : owner(o) {}
    ~Call() override { owner.given_up += pending; }
    FakeLambda& owner;
    int pending = 1;
    std::unique_ptr<Timer> timer;
  };
  explicit FakeLambda(Shard& s) : shard(s) {}
  std::unique_ptr<LambdaCall> call(LambdaRequest request,
                                   Function<void(LambdaOutcome)> done) override {
    requests.push_back(std::move(request));
    auto call = std::make_unique<Call>(*this);
    call->timer = shard.make_timer([this, &c = *call, done = std::move(done)]() mutable {
      c.pending = 0;
      auto last = std::move(done);
      last(outcome);
    });
    call->timer->arm(shard.now() + 1s);
    return call;
  }
  Shard& shard;
  LambdaOutcome outcome = LambdaResponse{
      200,
      {{"content-type", "application/vnd.restate.invocation.v6"}, {"x-restate-server", "sdk/1"}},
      "answer"};
  std::vector<LambdaRequest> requests;
  int given_up = 0;
};

struct LambdaHeard final : AttemptListener {
  void on_head(const protocol::ResponseHeadView& head) override {
    note("head " + std::to_string(head.status) + " " + std::string(head.content_type.value_or("")) +
         " " + std::string(head.server.value_or("")) + " " +
         std::string(head.retry_after.value_or("")));
  }
  void on_data(Bytes data) override { note("data " + data.str()); }
  void on_end() override { note("end"); }
  void on_error(const TransportFailure& f) override {
    failure = f;
    note("error");
  }
  void on_drained() override { note("drained"); }
  void note(const std::string& text) {
    notes.push_back(text);
    if (text.starts_with(leave_at) && !leave_at.empty()) stream.reset();
  }
  std::vector<std::string> notes;
  TransportFailure failure;
  std::string leave_at;
  std::unique_ptr<AttemptStream> stream;
};

struct LambdaSite {
  LambdaSite() {
    deployment.lambda_arn = "arn:aws:lambda:eu-central-1:1:function:f:1";
    deployment.assume_role_arn = "arn:aws:iam::1:role/caller";
    deployment.additional_headers = {{"x-mine", "yes"}};
    deployment.lambda_zstd = true;
    options.additional_headers = {{"x-restate-cluster-name", "localcluster"}};
    request.target.service = "Greeter";
    request.target.handler = "greet";
    request.bidi = false;
  }
  void open(LambdaClient* way) {
    client = std::make_unique<LambdaDeploymentClient>(world.shard(0), way, options);
    heard.stream = client->open(deployment, request, heard);
  }

  restate::testing::World world{restate::testing::Seed{5}};
  FakeLambda lambda{world.shard(0)};
  schema::Deployment deployment;
  AttemptHeaderOptions options;
  AttemptRequest request;
  LambdaHeard heard;
  std::unique_ptr<LambdaDeploymentClient> client;
};

}  // namespace

TEST_CASE("a function hears everything at once, and is heard so", "[invoker][lambda]") {
  LambdaSite site;
  site.open(&site.lambda);
  site.heard.stream->send({Bytes("one "), Bytes("two ")});
  site.world.run_for(10s);
  CHECK(site.lambda.requests.empty());
  CHECK(site.heard.stream->unsent_bytes() == 0);  // or the replay would wait for ever
  site.heard.stream->send({Bytes("three")});
  site.heard.stream->close_input();
  CHECK(site.heard.notes.empty());

  SECTION("the request says who asks for what") {
    REQUIRE(site.lambda.requests.size() == 1);
    const LambdaRequest& request = site.lambda.requests[0];
    CHECK(request.arn == site.deployment.lambda_arn);
    CHECK(request.assume_role_arn == site.deployment.assume_role_arn);
    CHECK(request.method == "POST");
    CHECK(request.path == "/invoke/Greeter/greet");
    CHECK(join(request.body) == "one two three");
    CHECK(request.zstd);
    std::string names;
    for (const auto& header : request.headers) names += header.name + " ";
    CHECK(names == "content-type accept x-restate-invocation-id x-mine x-restate-cluster-name ");
  }
  SECTION("the response arrives in order") {
    site.world.run_for(2s);
    CHECK(site.heard.notes ==
          std::vector<std::string>{"head 200 application/vnd.restate.invocation.v6 sdk/1 ",
                                   "data answer", "end"});
  }
  SECTION("whoever leaves in the middle hears no more") {
    site.heard.leave_at = GENERATE("head", "data", "end");
    site.world.run_for(2s);
    CHECK(site.heard.notes.back().starts_with(site.heard.leave_at));
  }
  SECTION("an empty response has no data") {
    site.lambda.outcome = LambdaResponse{429, {{"retry-after", "7"}}, {}};
    site.world.run_for(2s);
    CHECK(site.heard.notes == std::vector<std::string>{"head 429   7", "end"});
  }
  SECTION("a failure is passed on as it is") {
    TransportFailure failure;
    failure.error = {Code::kOverloaded, "too many"};
    failure.code = protocol::DocCode::kRateLimited;
    failure.retry_after = 3s;
    site.lambda.outcome = failure;
    site.world.run_for(2s);
    CHECK(site.heard.notes == std::vector<std::string>{"error"});
    CHECK(site.heard.failure.code == protocol::DocCode::kRateLimited);
    CHECK(site.heard.failure.retry_after == Duration(3s));
  }
  SECTION("dropping the stream gives the call up") {
    site.heard.stream.reset();
    CHECK(site.lambda.given_up == 1);
    site.world.run_for(2s);
    CHECK(site.heard.notes.empty());
  }
}

TEST_CASE("a journal that no function takes is not sent", "[invoker][lambda]") {
  LambdaSite site;
  site.open(&site.lambda);
  const Bytes piece(std::string(kLambdaBodyBytes / 2, 'x'));
  site.heard.stream->send({piece, piece});
  site.world.run_for(1s);
  CHECK(site.heard.notes.empty());
  site.heard.stream->send({Bytes("x")});
  CHECK(site.heard.notes.empty());  // never inside the call
  site.heard.stream->close_input();
  site.world.run_for(10s);
  CHECK(site.heard.notes == std::vector<std::string>{"error"});
  CHECK(site.heard.failure.code == protocol::DocCode::kPayloadTooLarge);
  CHECK(site.lambda.requests.empty());
}

TEST_CASE("without Lambda an attempt fails and says so", "[invoker][lambda]") {
  LambdaSite site;
  site.open(nullptr);
  site.heard.stream->send({Bytes("x")});
  site.heard.stream->close_input();
  site.world.run_for(1s);
  CHECK(site.heard.notes == std::vector<std::string>{"error"});
  CHECK(site.heard.failure.error.message.find("Lambda") != std::string::npos);
}
