// The ingress behind its server, spoken to by a client on another node.

#include "fakes.h"
#include "fixtures.h"
#include "http/client.h"
#include "ingress/ingress.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

namespace {

struct Heard final : http::ClientExchange {
  void on_head(const http::ResponseHead& h) override { head = h; }
  void on_data(Bytes data) override { body += data.view(); }
  void on_end() override { done = true; }
  void on_error(const http::Failure&) override { done = failed = true; }

  std::string header(std::string_view name) const {
    return std::string(head.headers.find(name).value_or("<none>"));
  }

  http::ResponseHead head;
  std::string body;
  bool done = false;
  bool failed = false;
  std::unique_ptr<http::ClientStream> stream;
};

IngressOptions limited_to(std::size_t bytes) {
  IngressOptions options;
  options.request_size_limit = bytes;
  return options;
}

struct Site {
  explicit Site(IngressOptions with = limited_to(1'000)) : options(std::move(with)) {
    REQUIRE(ingress->listen({.host = "server", .port = 8080, .unix_path = {}}));
  }

  void send(Heard& heard, http::Protocol protocol, std::string method, std::string target,
            std::string_view body, http::Headers headers = {}) {
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.headers = std::move(headers);
    heard.stream = client.start(
        {.tls = false, .host = "server", .port = 8080, .protocol = protocol}, std::move(head), heard);
    if (!body.empty()) heard.stream->write(Bytes(body));
    heard.stream->finish();
  }
  bool wait(const Heard& heard) {
    return world.run_until([&] { return heard.done; }, 60s);
  }

  restate::testing::World world{restate::testing::Seed{11}};
  restate::testing::Node& server_node = world.add_node({.host = "server"});
  restate::testing::Node& client_node = world.add_node({.host = "client"});
  FakePartition partition;
  schema::SchemaCell schemas{recorded_services()};
  IngressOptions options;
  std::unique_ptr<Ingress> ingress =
      std::make_unique<Ingress>(server_node.shard(0), options, partition, schemas);
  http::Client client{client_node.shard(0), {}};
};

/// A client that sends what it likes, and when.
struct Talker final : StreamListener {
  explicit Talker(Shard& shard) {
    connecting = shard.network().connect(
        {.host = "server", .port = 8080, .unix_path = {}}, 5s,
        [this](Result<std::unique_ptr<Stream>> connected) {
          REQUIRE(connected);
          stream = std::move(*connected);
          stream->start(*this);
          say(std::exchange(unsaid, {}));
        });
  }
  void say(std::string bytes) {
    if (!stream) {
      unsaid += bytes;
      return;
    }
    ByteChain chain;
    chain.push_back(Bytes(std::move(bytes)));
    stream->write(std::move(chain));
  }
  void on_data(std::string_view data) override { heard += data; }
  void on_end() override {}
  void on_error(const Error&) override {}

  std::string heard;
  std::string unsaid;
  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<Stream> stream;
};

const http::Headers kJsonType{{"content-type", "application/json"}};

}  // namespace

TEST_CASE("calls work over both versions of HTTP", "[ingress][http]") {
  Site site;
  const auto protocol = GENERATE(http::Protocol::kHttp1, http::Protocol::kHttp2);
  worker::InvokeReply reply;
  reply.result = Bytes("\"hi\"");
  site.partition.invoke_replies.push_back(reply);
  Heard heard;
  http::Headers headers = kJsonType;
  headers.add("origin", "https://app.example");
  site.send(heard, protocol, "POST", "/Svc/echo", "1", headers);
  REQUIRE(site.wait(heard));
  CHECK(heard.head.status == 200);
  CHECK(heard.body == "\"hi\"");
  CHECK(heard.header("content-type") == "application/json");
  CHECK(heard.header("content-length") == "4");
  CHECK(heard.header("access-control-allow-origin") == "https://app.example");
  CHECK(heard.header("x-restate-id").starts_with("inv_1"));
  REQUIRE(site.partition.invoked.size() == 1);
  CHECK(site.partition.invoked[0].invocation.argument == Bytes("1"));
  CHECK(site.world.run_until([&] { return site.ingress->in_flight() == 0; }));
}

TEST_CASE("preflights, refusals and missing bodies are answered at once", "[ingress][http]") {
  Site site;
  const auto protocol = GENERATE(http::Protocol::kHttp1, http::Protocol::kHttp2);
  Heard preflight;
  site.send(preflight, protocol, "OPTIONS", "/no/such/path", "",
            {{"origin", "null"}, {"access-control-request-method", "DELETE"}});
  REQUIRE(site.wait(preflight));
  CHECK(preflight.head.status == 200);
  CHECK(preflight.header("access-control-allow-methods") == "DELETE");
  CHECK(preflight.header("access-control-allow-origin") == "null");

  Heard missing;
  site.send(missing, protocol, "POST", "/Nope/x", std::string(500, 'x'));
  REQUIRE(site.wait(missing));
  CHECK(missing.head.status == 404);
  CHECK(missing.header("x-restate-error-source") == "ingress");

  Heard head;
  site.send(head, protocol, "HEAD", "/restate/health", "");
  REQUIRE(site.wait(head));
  CHECK(head.head.status == 405);
  CHECK(head.body.empty());

  Heard health;
  site.send(health, protocol, "GET", "/restate/health", "");
  REQUIRE(site.wait(health));
  CHECK(health.head.status == 200);
}

TEST_CASE("bodies over the limit are refused before or while they come", "[ingress][http]") {
  Site site;
  const auto protocol = GENERATE(http::Protocol::kHttp1, http::Protocol::kHttp2);
  const std::string large(1'001, 'x');
  Heard announced;
  http::Headers headers = kJsonType;
  headers.add("content-length", "1001");
  site.send(announced, protocol, "POST", "/Nope/x", large, headers);
  REQUIRE(site.wait(announced));
  CHECK(announced.head.status == 413);
  CHECK(announced.body == "length limit exceeded");
  CHECK(announced.header("vary") == "<none>");

  // Without an announcement routing comes first, and the answer is ours.
  for (const auto& [path, status] :
       std::vector<std::pair<std::string, int>>{{"/Nope/x", 404}, {"/Svc/echo", 413}}) {
    Heard heard;
    http::RequestHead head;
    head.method = "POST";
    head.target = path;
    head.headers = kJsonType;
    heard.stream = site.client.start(
        {.tls = false, .host = "server", .port = 8080, .protocol = protocol}, std::move(head), heard);
    site.world.run_for(5ms);
    heard.stream->write(Bytes(large));
    site.world.run_for(5ms);
    heard.stream->finish();
    REQUIRE(site.wait(heard));
    CHECK(heard.head.status == status);
    CHECK(heard.header("content-type") == "application/json");
  }
}

TEST_CASE("who announces a large body and is silent keeps nobody out", "[ingress][http]") {
  IngressOptions options = limited_to(10'000);
  options.bodies = std::make_shared<MemoryPool>(10'000);
  Site site(options);
  const http::Headers type{{"content-type", "a/b"}};
  const std::string large(6'000, 'x');
  worker::InvokeReply reply;
  reply.result = Bytes("done");
  for (int i = 0; i < 2; ++i) site.partition.invoke_replies.push_back(reply);

  Talker silent(site.client_node.shard(0));
  silent.say("POST /Svc/raw HTTP/1.1\r\nhost: server\r\ncontent-type: a/b\r\n"
             "content-length: 10000\r\n\r\nx");
  REQUIRE(site.world.run_until([&] { return site.ingress->in_flight() == 1; }, 10s));
  CHECK(options.bodies->used() < 1'000);
  Heard other;
  site.send(other, http::Protocol::kHttp1, "POST", "/Svc/raw", large, type);
  REQUIRE(site.wait(other));
  CHECK(other.head.status == 200);
  CHECK(silent.heard.empty());

  const std::string rest(9'999, 'x');
  SECTION("it is served when the rest comes") {
    silent.say(rest);
    REQUIRE(site.world.run_until([&] { return !silent.heard.empty(); }, 10s));
    CHECK(silent.heard.starts_with("HTTP/1.1 200"));
    CHECK(site.partition.invoked.back().invocation.argument.size() == 10'000);
  }
  SECTION("what has no room when it comes is refused") {
    site.partition.hold_invocations = true;
    Heard held;
    site.send(held, http::Protocol::kHttp1, "POST", "/Svc/raw", large, type);
    REQUIRE(site.world.run_until([&] { return site.partition.held.size() == 1; }, 10s));
    silent.say(rest);
    REQUIRE(site.world.run_until([&] { return !silent.heard.empty(); }, 10s));
    CHECK(silent.heard.starts_with("HTTP/1.1 429"));
    // And what cannot have any, before it comes.
    Talker announcing(site.client_node.shard(0));
    announcing.say("POST /Svc/raw HTTP/1.1\r\nhost: server\r\ncontent-type: a/b\r\n"
                   "content-length: 6000\r\n\r\n");
    REQUIRE(site.world.run_until([&] { return !announcing.heard.empty(); }, 10s));
    CHECK(announcing.heard.starts_with("HTTP/1.1 429"));
    site.partition.held[0].done(reply);
    REQUIRE(site.wait(held));
    CHECK(held.head.status == 200);
  }
  CHECK(site.world.run_until([&] { return site.ingress->in_flight() == 0; }));
  CHECK(options.bodies->used() == 0);
}

TEST_CASE("closing lets running calls finish and drops the rest", "[ingress][http]") {
  Site site;
  const bool finishes = GENERATE(true, false);
  // A leader that comes back after two seconds, or never.
  const int tries = finishes ? 5 : 1'000;
  for (int i = 0; i < tries; ++i) {
    site.partition.invoke_replies.push_back(Error{Code::kNotLeader, "x"});
  }
  worker::InvokeReply reply;
  reply.result = Bytes("1");
  site.partition.invoke_replies.push_back(reply);
  Heard heard;
  site.send(heard, http::Protocol::kHttp1, "POST", "/Svc/noInput", "");
  REQUIRE(site.world.run_until([&] { return site.ingress->in_flight() == 1; }));

  bool closed = false;
  site.ingress->stop(
      Completion<void>(site.server_node.shard(0), [&](Result<void>) { closed = true; }));
  const Instant start = site.world.now();
  REQUIRE(site.world.run_until([&] { return closed && heard.done; }, 60s));
  CHECK(heard.failed == !finishes);
  CHECK(site.world.now() - start < 10s);
  CHECK(site.ingress->in_flight() == 0);
}

TEST_CASE("with a token, only who shows it is served", "[ingress][http]") {
  Site site;
  site.options.bearer_token = "s3cret";
  site.ingress = std::make_unique<Ingress>(site.server_node.shard(0), site.options, site.partition,
                                           site.schemas);
  REQUIRE(site.ingress->listen({.host = "server", .port = 8080, .unix_path = {}}));
  const auto protocol = GENERATE(http::Protocol::kHttp1, http::Protocol::kHttp2);
  const auto ask = [&](Heard& heard, const std::string& method, const std::string& path,
                       const std::string& authorization) {
    http::Headers headers = kJsonType;
    if (!authorization.empty()) headers.add("authorization", authorization);
    site.send(heard, protocol, method, path, method == "POST" ? "1" : "", headers);
    REQUIRE(site.wait(heard));
  };
  for (const char* wrong : {"", "Bearer", "Bearer s3cre", "Bearer s3crets", "Basic s3cret", "s3cret"}) {
    for (const char* path : {"/Svc/echo", "/Nope/x"}) {  // nor does it tell what there is
      Heard heard;
      ask(heard, "POST", path, wrong);
      CHECK(heard.head.status == 401);
      CHECK(heard.header("www-authenticate") == "Bearer realm=\"restate\"");
      CHECK(heard.header("x-restate-error-source") == "ingress");
    }
  }
  CHECK(site.partition.invoked.empty());

  Heard served;
  worker::InvokeReply reply;
  reply.result = Bytes("1");
  site.partition.invoke_replies.push_back(reply);
  ask(served, "POST", "/Svc/echo", "bearer  s3cret");
  CHECK(served.head.status == 200);
  REQUIRE(site.partition.invoked.size() == 1);
  for (const auto& header : site.partition.invoked[0].invocation.headers) {
    CHECK(header.name != "authorization");
  }

  Heard health;
  ask(health, "GET", "/restate/health", "");
  CHECK(health.head.status == 200);
  CHECK(health.body == "{\"services\":[]}");
  Heard preflight;
  ask(preflight, "OPTIONS", "/Svc/echo", "");
  CHECK(preflight.head.status == 200);
}
