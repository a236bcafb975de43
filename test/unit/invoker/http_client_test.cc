#include "invoker/http_client.h"
#include "http/server.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <string>
#include <utility>
#include <vector>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;

namespace {

/// An endpoint that echoes bytes and ends when its input ends.
struct Echo final : http::ServerHandler {
  struct One final : http::ServerRequest {
    explicit One(Echo& o, http::ServerStream& s) : owner(o), stream(s) {}
    void on_body(Bytes data) override { stream.write(std::move(data)); }
    void on_body_end() override { stream.finish(); }
    void on_closed() override { ++owner.closed; }
    Echo& owner;
    http::ServerStream& stream;
  };
  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override {
    heads.push_back(head);
    http::ResponseHead answer;
    answer.status = status;
    answer.headers.add("content-type", "application/vnd.restate.invocation.v6");
    answer.headers.add("x-restate-server", "echo/1");
    answer.headers.add("retry-after", "7");
    stream.start(std::move(answer));
    return std::make_unique<One>(*this, stream);
  }
  int status = 200;
  int closed = 0;
  std::vector<http::RequestHead> heads;
};

struct Heard final : AttemptListener {
  void on_head(const protocol::ResponseHeadView& head) override {
    notes += "head " + std::to_string(head.status) + " " +
             std::string(head.content_type.value_or("")) + " " +
             std::string(head.server.value_or("")) + " " +
             std::string(head.retry_after.value_or("")) + "\n";
  }
  void on_data(Bytes data) override { body += data.view(); }
  void on_end() override { notes += "end\n"; }
  void on_error(const TransportFailure& failure) override {
    notes += "error\n";
    error = failure.error;
  }
  void on_drained() override { notes += "drained\n"; }
  std::string notes, body;
  Error error;
};

struct Site {
  Site()
      : server_node(world.add_node({.host = "endpoint"})),
        client_node(world.add_node({.host = "engine"})),
        server(server_node.shard(0), {}, echo) {
    REQUIRE(server.listen({.host = "endpoint", .port = 9080, .unix_path = {}}));
    deployment.uri = "http://endpoint:9080/base/?q=1";
    deployment.additional_headers = {{"x-mine", "yes"}, {"content-type", "text/plain"}};
    options.additional_headers = {{"x-restate-cluster-name", "localcluster"}};
    request.target.type = wire::ServiceType::kVirtualObject;
    request.target.service = "Counter";
    request.target.key = "my key/\xc3\xa9";
    request.target.handler = "add";
  }
  void open() {
    client = std::make_unique<HttpDeploymentClient>(client_node.shard(0), options);
    stream = client->open(deployment, request, heard);
  }

  restate::testing::World world{restate::testing::Seed{5}};
  restate::testing::Node& server_node;
  restate::testing::Node& client_node;
  Echo echo;
  http::Server server;
  schema::Deployment deployment;
  HttpDeploymentOptions options;
  AttemptRequest request;
  Heard heard;
  std::unique_ptr<HttpDeploymentClient> client;
  std::unique_ptr<AttemptStream> stream;
};

}  // namespace

TEST_CASE("an attempt over HTTP", "[invoker][http]") {
  Site site;
  const auto version = GENERATE(schema::HttpVersion::kHttp2, schema::HttpVersion::kHttp11);
  site.deployment.http_version = version;
  site.open();

  SECTION("bytes flow in both directions until both have ended") {
    site.stream->send({Bytes("one "), Bytes("two ")});
    site.world.run_for(1s);
    CHECK(site.heard.body == "one two ");
    CHECK(site.heard.notes == "head 200 application/vnd.restate.invocation.v6 echo/1 7\n");
    site.stream->send({Bytes("three")});
    site.stream->close_input();
    site.world.run_for(1s);
    CHECK(site.heard.body == "one two three");
    CHECK(site.heard.notes.ends_with("end\n"));
    CHECK(site.echo.closed == 1);
  }
  SECTION("the request says who asks for what") {
    site.stream->send({Bytes("x")});
    site.world.run_for(1s);
    REQUIRE(site.echo.heads.size() == 1);
    const http::RequestHead& head = site.echo.heads[0];
    CHECK(head.method == "POST");
    CHECK(head.target == "/base/invoke/Counter/add?q=1");
    CHECK(head.authority == "endpoint:9080");
    std::vector<std::string> names;
    for (const auto& header : head.headers) {
      if (header.name != "host" && header.name != "transfer-encoding") names.push_back(header.name);
    }
    CHECK(names == std::vector<std::string>{"content-type", "accept", "x-restate-invocation-id",
                                            "x-restate-service-key", "x-mine", "content-type",
                                            "x-restate-cluster-name"});
    CHECK(head.headers.find("x-restate-service-key") == "my%20key%2F%C3%A9");
  }
  SECTION("dropping the stream cancels the exchange") {
    site.stream->send({Bytes("x")});
    site.world.run_for(1s);
    site.stream.reset();
    site.world.run_for(1s);
    CHECK(site.echo.closed == 1);
  }
}

TEST_CASE("deployments that cannot be reached", "[invoker][http]") {
  Site site;
  SECTION("nobody listens") { site.deployment.uri = "http://endpoint:1/"; }
  SECTION("no such host") { site.deployment.uri = "http://nowhere:9080/"; }
  SECTION("no URI at all") { site.deployment.uri = "no uri"; }
  SECTION("https without TLS") { site.deployment.uri = "https://endpoint:9080/"; }
  site.open();
  CHECK(site.heard.notes.empty());  // never inside the call
  site.stream->send({Bytes("x")});
  site.stream->close_input();
  site.world.run_for(30s);
  CHECK(site.heard.notes == "error\n");
  CHECK_FALSE(site.heard.error.message.empty());
}

TEST_CASE("requests are signed when there is a key", "[invoker][http]") {
  Site site;
  auto identity = protocol::RequestIdentity::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIPe++4ZTPQDF81otpoU/mOGHC2vOAVp9WbiCblvn3nXO\n"
      "-----END PRIVATE KEY-----\n");
  REQUIRE(identity);
  site.options.identity = *identity;
  site.open();
  site.stream->send({Bytes("x")});
  site.world.run_for(1s);
  REQUIRE(site.echo.heads.size() == 1);
  CHECK(site.echo.heads[0].headers.find("x-restate-signature-scheme") == "v1");
  CHECK(site.echo.heads[0].headers.contains("x-restate-jwt-v1"));
}

TEST_CASE("attempts are routed by the kind of deployment", "[invoker][http]") {
  struct Named final : DeploymentClient {
    explicit Named(std::string n, std::string& l) : name(std::move(n)), log(l) {}
    std::unique_ptr<AttemptStream> open(const schema::Deployment&, AttemptRequest,
                                        AttemptListener&) override {
      log += name;
      return nullptr;
    }
    std::string name;
    std::string& log;
  };
  restate::testing::World world{restate::testing::Seed{5}};
  std::string log;
  Named network("network", log), native("native", log), lambda("lambda", log);
  Heard heard;
  schema::Deployment deployment;

  RoutingDeploymentClient both(world.shard(0), &network, &native, &lambda);
  deployment.lambda_arn = "arn:aws:lambda:eu-central-1:1:function:f:1";
  both.open(deployment, {}, heard);
  CHECK(std::exchange(log, {}) == "lambda");
  deployment.lambda_arn.clear();
  both.open(deployment, {}, heard);
  CHECK(log == "network");
  deployment.in_process = true;
  both.open(deployment, {}, heard);
  CHECK(log == "networknative");

  RoutingDeploymentClient neither(world.shard(0), nullptr, nullptr);
  const auto stream = neither.open(deployment, {}, heard);
  stream->send({});
  CHECK(heard.notes.empty());
  world.run_for(1ms);
  CHECK(heard.notes == "error\n");
}
