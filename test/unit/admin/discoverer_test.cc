// Discovery over a simulated network, against an endpoint with a script.

#include "admin/discoverer.h"

#include "http/server.h"
#include "http/tls.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <deque>

using namespace restate;
using namespace restate::admin;
using namespace std::chrono_literals;

namespace {

constexpr const char* kManifest = R"({"protocolMode":"BIDI_STREAM","minProtocolVersion":5,
    "maxProtocolVersion":7,"services":[{"name":"Svc","ty":"SERVICE","handlers":[{"name":"h"}]}]})";

/// Answers with the next status of its script; after the last, for ever with that. 0: never.
struct Endpoint final : http::ServerHandler {
  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override {
    seen.push_back(head);
    const int status = statuses.front();
    if (statuses.size() > 1) statuses.pop_front();
    if (status == 0) return std::make_unique<Silent>();
    http::ResponseHead answer{status, {}};
    answer.headers.add("content-type", "application/vnd.restate.endpointmanifest.v4+json");
    answer.headers.add("x-restate-server", "sdk/1");
    stream.respond(std::move(answer), Bytes(kManifest));
    return nullptr;
  }
  struct Silent final : http::ServerRequest {
    void on_body(Bytes) override {}
    void on_body_end() override {}
    void on_closed() override {}
  };
  std::deque<int> statuses{200};
  std::vector<http::RequestHead> seen;
};

/// Handshakes that fail as long as the script goes on; after that bytes pass as they are.
struct Handshakes final : http::TlsConnector {
  struct One final : Connecting {
    Scope scope;
  };
  std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                     const http::TlsTarget&, http::Secured done) override {
    ++begun;
    Result<http::SecureStream> result = http::SecureStream{std::move(stream), "h2"};
    if (!failures.empty()) {
      result = Error{failures.front(), "no handshake"};
      failures.pop_front();
    }
    auto one = std::make_unique<One>();
    shard.post(one->scope.bind([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    }));
    return one;
  }
  std::deque<Code> failures;
  int begun = 0;
};

struct Site {
  DiscoveryOutcome discover(const std::string& uri, bool use_http11 = false) {
    DiscoveryRequest request;
    request.address.uri = uri;
    request.address.additional_headers = {{"x-api-key", "secret"}};
    request.use_http11 = use_http11;
    std::optional<DiscoveryOutcome> outcome;
    discoverer.discover(std::move(request),
                        Completion<DiscoveryOutcome>(admin.shard(0), [&](Result<DiscoveryOutcome> o) {
                          REQUIRE(o);
                          outcome = std::move(*o);
                        }));
    REQUIRE(world.run_until([&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }

  restate::testing::World world{restate::testing::Seed{5}};
  restate::testing::Node& far = world.add_node({.host = "endpoint"});
  restate::testing::Node& admin = world.add_node({.host = "admin"});
  Endpoint endpoint;
  http::Server server{far.shard(0), {}, endpoint};
  Handshakes tls;
  http::Client client{admin.shard(0), {.tls = &tls}};
  NetworkDiscoverer discoverer{
      admin.shard(0), client,
      {.additional_headers = {{"x-restate-cluster-name", "c"}}, .identity = nullptr, .timeout = 3s}};
};

const schema::RegistryError& error_of(const DiscoveryOutcome& outcome) {
  REQUIRE(std::holds_alternative<schema::RegistryError>(outcome));
  return std::get<schema::RegistryError>(outcome);
}

}  // namespace

TEST_CASE("an endpoint is asked below its path, with all headers", "[admin][discovery]") {
  Site site;
  REQUIRE(site.server.listen({.host = "endpoint", .port = 9080, .unix_path = {}}));
  const bool use_http11 = GENERATE(false, true);
  const DiscoveryOutcome outcome = site.discover("http://endpoint:9080/base/?q=1", use_http11);
  REQUIRE(std::holds_alternative<schema::Discovered>(outcome));
  const auto& found = std::get<schema::Discovered>(outcome);
  CHECK(found.http_version == (use_http11 ? schema::HttpVersion::kHttp11 : schema::HttpVersion::kHttp2));
  CHECK(found.sdk_version == "sdk/1");
  REQUIRE(found.services.size() == 1);
  CHECK(found.services[0].name == "Svc");

  REQUIRE(site.endpoint.seen.size() == 1);
  const http::RequestHead& head = site.endpoint.seen[0];
  CHECK(head.method == "GET");
  CHECK(head.target == "/base/discover?q=1");
  CHECK(head.headers.find("accept")->starts_with("application/vnd.restate.endpointmanifest.v1+json, "));
  CHECK(head.headers.find("x-restate-cluster-name") == "c");
  CHECK(head.headers.find("x-api-key") == "secret");
}

TEST_CASE("what may pass is tried again", "[admin][discovery]") {
  Site site;
  REQUIRE(site.server.listen({.host = "endpoint", .port = 9080, .unix_path = {}}));
  SECTION("an overloaded endpoint") {
    site.endpoint.statuses = {503, 429, 200};
    CHECK(std::holds_alternative<schema::Discovered>(site.discover("http://endpoint:9080/")));
    CHECK(site.endpoint.seen.size() == 3);
  }
  SECTION("but not for ever") {
    site.endpoint.statuses = {500};
    CHECK(error_of(site.discover("http://endpoint:9080/")).code == "META0003");
    CHECK(site.endpoint.seen.size() == 5);
  }
  SECTION("one that says nothing") {
    site.endpoint.statuses = {0};
    CHECK(error_of(site.discover("http://endpoint:9080/")).code == "META0003");
  }
  SECTION("a handshake that was cut off") {
    site.tls.failures = {Code::kUnavailable, Code::kTimeout};
    CHECK(std::holds_alternative<schema::Discovered>(site.discover("https://endpoint:9080/")));
    CHECK(site.tls.begun == 3);
  }
  SECTION("but not one that was refused") {
    site.tls.failures = {Code::kUnauthenticated};
    CHECK(error_of(site.discover("https://endpoint:9080/")).code == "META0003");
    CHECK(site.tls.begun == 1);
  }
  SECTION("a refusal is final") {
    site.endpoint.statuses = {404};
    CHECK(error_of(site.discover("http://endpoint:9080/")).status == 500);
    CHECK(site.endpoint.seen.size() == 1);
  }
}

namespace {

/// A function with a script; answers in a later task.
struct Functions final : invoker::LambdaClient {
  struct Call final : invoker::LambdaCall {
    Scope scope;
  };
  explicit Functions(Shard& s) : shard(s) {}
  std::unique_ptr<invoker::LambdaCall> call(invoker::LambdaRequest request,
                                            Function<void(invoker::LambdaOutcome)> done) override {
    seen.push_back(std::move(request));
    invoker::LambdaOutcome outcome = outcomes.front();
    if (outcomes.size() > 1) outcomes.pop_front();
    auto call = std::make_unique<Call>();
    shard.post(call->scope.bind([done = std::move(done), outcome = std::move(outcome)]() mutable {
      auto last = std::move(done);
      last(std::move(outcome));
    }));
    return call;
  }
  Shard& shard;
  std::deque<invoker::LambdaOutcome> outcomes;
  std::vector<invoker::LambdaRequest> seen;
};

invoker::LambdaOutcome answer(int status, const std::string& mode) {
  std::string manifest = kManifest;
  manifest.replace(manifest.find("BIDI_STREAM"), 11, mode);
  return invoker::LambdaResponse{
      status,
      {{"content-type", "application/vnd.restate.endpointmanifest.v4+json"},
       {"x-restate-server", "sdk/1"}},
      Bytes(manifest)};
}

invoker::LambdaOutcome failure(Code code) {
  return invoker::TransportFailure{.error = {code, "no function"}, .retry_after = {}};
}

}  // namespace

TEST_CASE("a function is asked like an endpoint", "[admin][discovery][lambda]") {
  Site site;
  Functions functions{site.admin.shard(0)};
  NetworkDiscoverer discoverer{site.admin.shard(0), site.client,
                               {.additional_headers = {{"x-restate-cluster-name", "c"}},
                                .identity = nullptr,
                                .lambda = &functions}};
  const auto discover = [&] {
    DiscoveryRequest request;
    request.address.lambda_arn = "arn:aws:lambda:eu-central-1:1:function:f:1";
    request.address.assume_role_arn = "arn:aws:iam::1:role/x";
    request.address.additional_headers = {{"x-api-key", "secret"}};
    std::optional<DiscoveryOutcome> outcome;
    discoverer.discover(std::move(request),
                        Completion<DiscoveryOutcome>(site.admin.shard(0), [&](Result<DiscoveryOutcome> o) {
                          REQUIRE(o);
                          outcome = std::move(*o);
                        }));
    REQUIRE(site.world.run_until([&] { return outcome.has_value(); }));
    return std::move(*outcome);
  };

  SECTION("and found") {
    functions.outcomes = {answer(200, "REQUEST_RESPONSE")};
    const DiscoveryOutcome outcome = discover();
    REQUIRE(std::holds_alternative<schema::Discovered>(outcome));
    const auto& found = std::get<schema::Discovered>(outcome);
    CHECK(found.protocol_type == schema::ProtocolType::kRequestResponse);
    CHECK(found.sdk_version == "sdk/1");
    REQUIRE(functions.seen.size() == 1);
    const invoker::LambdaRequest& request = functions.seen[0];
    CHECK(request.method == "GET");
    CHECK(request.path == "/discover");
    CHECK(request.arn == "arn:aws:lambda:eu-central-1:1:function:f:1");
    CHECK(request.assume_role_arn == "arn:aws:iam::1:role/x");
    CHECK(request.body.empty());
    std::string names;
    for (const auto& header : request.headers) names += header.name + " ";
    CHECK(names == "accept x-restate-cluster-name x-api-key ");
  }
  SECTION("but cannot stream") {
    functions.outcomes = {answer(200, "BIDI_STREAM")};
    CHECK(error_of(discover()).code == "META0015");
  }
  SECTION("again, if that may help") {
    functions.outcomes = {failure(Code::kOverloaded), failure(Code::kTimeout), answer(503, "BIDI_STREAM"),
                          failure(Code::kUnavailable), answer(200, "REQUEST_RESPONSE")};
    CHECK(std::holds_alternative<schema::Discovered>(discover()));
    CHECK(functions.seen.size() == 5);
  }
  SECTION("once, if it does not") {
    functions.outcomes = {failure(Code::kUnauthenticated)};
    const DiscoveryOutcome outcome = discover();
    CHECK(error_of(outcome).code == "META0003");
    CHECK(error_of(outcome).message.find("function arn:aws:lambda:") != std::string::npos);
    CHECK(functions.seen.size() == 1);
  }
}

TEST_CASE("without Lambda functions are refused", "[admin][discovery][lambda]") {
  Site site;
  DiscoveryRequest request;
  request.address.lambda_arn = "arn:aws:lambda:eu-central-1:1:function:f:1";
  std::optional<DiscoveryOutcome> outcome;
  site.discoverer.discover(std::move(request),
                           Completion<DiscoveryOutcome>(site.admin.shard(0), [&](Result<DiscoveryOutcome> o) {
                             outcome = std::move(*o);
                           }));
  REQUIRE(site.world.run_until([&] { return outcome.has_value(); }));
  CHECK(error_of(*outcome).code == "META0003");
  CHECK(error_of(*outcome).message.find("AWS Lambda is not available") != std::string::npos);
}

TEST_CASE("nobody at the address is an error that names it", "[admin][discovery]") {
  Site site;
  const DiscoveryOutcome outcome = site.discover("http://endpoint:1/x");
  CHECK(error_of(outcome).code == "META0003");
  CHECK(error_of(outcome).message.find("http://endpoint:1/x") != std::string::npos);
}
