#include <restate/endpoint.h>

#include "http/client.h"
#include "native/endpoint_handler.h"
#include "native/pool.h"
#include "protocol/discovery.h"
#include "protocol/frame.h"
#include "protocol/identity.h"
#include "protocol/start_message.h"
#include "support/catch.h"
#include "wire/entry.h"

#include <restate/context.h>
#include <restate/testing/world.h>

#include <nlohmann/json.hpp>

using namespace restate;
using namespace restate::native;

namespace {

class Exchange final : public http::ClientExchange {
 public:
  void on_head(const http::ResponseHead& h) override { head = h; }
  void on_data(Bytes data) override { body.append(data.view()); }
  void on_end() override { ended = true; }
  void on_error(const http::Failure&) override { failed = true; }

  std::optional<http::ResponseHead> head;
  std::string body;
  bool ended = false, failed = false;
};

Result<Bytes> shout(Context& ctx, Bytes in) {
  RESTATE_TRY(const Bytes loud, ctx.run("shout", [&] { return in.str() + "!"; }));
  return loud;
}

/// `S.whose by p1`.
std::string whose(Context& ctx) {
  std::string text = std::string(ctx.service()) + "." + std::string(ctx.handler());
  for (const wire::Header& header : ctx.attempt_headers()) {
    if (header.name == "x-proxy") text += " by " + header.value;
  }
  return text;
}

struct Fixture {
  testing::World world{testing::Seed{1}};
  BatonPool pool;
  EndpointHandler handler{world.shard(), pool};
  http::Server server{world.shard(), {}, handler};
  http::Client client{world.shard(), {}};
  http::Target target{.tls = false, .host = "node-0", .port = 9080, .protocol = http::Protocol::kHttp2};

  Fixture() {
    auto registry = std::make_shared<ServiceRegistry>();
    REQUIRE(registry->add(Service("S").handler("shout", shout).handler("whose", whose)));
    handler.serve(std::move(registry));
    REQUIRE(server.listen({"node-0", 9080, ""}));
  }
  int status(const std::string& method, const std::string& path, http::Headers headers) {
    Exchange exchange;
    auto stream = start(method, path, std::move(headers), exchange);
    stream->finish();
    REQUIRE(world.run_until([&] { return exchange.ended; }));
    return exchange.head->status;
  }
  std::unique_ptr<http::ClientStream> start(const std::string& method, const std::string& path,
                                            http::Headers headers, Exchange& exchange) {
    http::RequestHead head;
    head.method = method;
    head.target = path;
    head.headers = std::move(headers);
    return client.start(target, std::move(head), exchange);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an endpoint can be discovered", "[native][endpoint]") {
  Exchange exchange;
  auto stream = start("GET", "/discover", {{"accept", std::string(protocol::discover_accept())}}, exchange);
  stream->finish();
  world.run_until([&] { return exchange.ended; });
  REQUIRE(exchange.head);
  CHECK(exchange.head->status == 200);
  std::vector<wire::Header> headers;
  for (const auto& header : exchange.head->headers) headers.push_back({header.name, header.value});
  const auto parsed = protocol::parse_discovery(200, headers, exchange.body, {});
  REQUIRE(std::holds_alternative<protocol::Manifest>(parsed));
  CHECK(std::get<protocol::Manifest>(parsed).services[0].name == "S");
}

TEST_CASE_METHOD(Fixture, "an endpoint runs a handler over HTTP/2", "[native][endpoint]") {
  Exchange exchange;
  auto stream = start("POST", "/invoke/S/shout",
                      {{"content-type", "application/vnd.restate.invocation.v6"}}, exchange);
  protocol::StartMessage start_message;
  ByteChain chain;
  protocol::append_frame(chain, protocol::ControlType::kStart, encode(start_message));
  protocol::append_frame(chain, wire::EntryType::kInput,
                         wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{{}, Bytes("hey")}));
  stream->write(Bytes(join(chain)));
  // Run and proposal come while the request is open; then its echo lets the handler go on.
  REQUIRE(world.run_until([&] { return exchange.body.find("hey!") != std::string::npos; }));
  CHECK(exchange.head->headers.find("content-type") ==
        std::optional<std::string_view>("application/vnd.restate.invocation.v6"));
  chain.clear();
  protocol::append_frame(chain, wire::EntryType::kRunCompletion,
                         wire::encode_notification({wire::EntryType::kRunCompletion,
                                                    wire::CompletionId{1}, Bytes("hey!")}));
  stream->write(Bytes(join(chain)));
  REQUIRE(world.run_until([&] { return exchange.ended; }));
  protocol::FrameDecoder decoder(1 << 20);
  decoder.feed(Bytes(exchange.body));
  std::vector<std::string> names;
  protocol::Frame frame;
  while (decoder.next(frame) == protocol::FrameDecoder::Step::kFrame) {
    names.push_back(protocol::message_name(frame.type));
  }
  CHECK(names == std::vector<std::string>{"RunCommandMessage", "ProposeRunCompletionMessage",
                                          "OutputCommandMessage", "EndMessage"});
}

TEST_CASE_METHOD(Fixture, "a handler sees the headers of its attempt", "[native][endpoint]") {
  Exchange exchange;
  auto stream = start(
      "POST", "/base/invoke/S/whose",
      {{"content-type", "application/vnd.restate.invocation.v6"}, {"x-proxy", "p1"}}, exchange);
  ByteChain chain;
  protocol::append_frame(chain, protocol::ControlType::kStart, encode(protocol::StartMessage()));
  protocol::append_frame(chain, wire::EntryType::kInput,
                         wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{}));
  stream->write(Bytes(join(chain)));
  REQUIRE(world.run_until([&] { return exchange.ended; }));
  CHECK(exchange.body.find("S.whose by p1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "an endpoint says no with a status", "[native][endpoint]") {
  CHECK(status("GET", "/health", {}) == 200);
  CHECK(status("GET", "/nope", {}) == 404);
  CHECK(status("GET", "/discover", {{"accept", "application/vnd.restate.endpointmanifest.v1+json"}}) == 415);
  CHECK(status("POST", "/invoke/S/nope", {{"content-type", "application/vnd.restate.invocation.v6"}}) == 404);
  CHECK(status("POST", "/invoke/S/shout", {{"content-type", "application/json"}}) == 415);
  CHECK(status("POST", "/invoke/S/shout", {}) == 415);
}

namespace {

constexpr std::string_view kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIPe++4ZTPQDF81otpoU/mOGHC2vOAVp9WbiCblvn3nXO\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kOtherPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kPublicKey = "publickeyv1_AfQwmwfgEZhrWpvv8N52SHpRtZqGGaFr4AZN6qtYWSiY";

/// What a server sends that signs with `pem`, and with `more` in front.
http::Headers signed_headers(std::string_view pem, std::string_view path, WallTime now,
                             http::Headers more = {}) {
  const auto identity = protocol::RequestIdentity::from_pem(pem);
  REQUIRE(identity);
  for (auto& header : (*identity)->headers(path, std::nullopt, now)) {
    more.add(header.name, header.value);
  }
  return more;
}

std::shared_ptr<const RequestVerifier> verifier_of(std::vector<std::string> keys) {
  auto verifier = RequestVerifier::from_keys(keys);
  REQUIRE(verifier);
  return *std::move(verifier);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "an endpoint with a key answers whoever signs with it", "[native][endpoint]") {
  handler.require(verifier_of({kPublicKey}));
  const WallTime now = world.shard().wall_now();
  CHECK(status("GET", "/discover", signed_headers(kPem, "/discover", now)) == 200);
  CHECK(status("GET", "/discover", {}) == 401);
  CHECK(status("GET", "/discover", signed_headers(kOtherPem, "/discover", now)) == 401);
  CHECK(status("GET", "/health", {}) == 200);

  const http::Headers content{{"content-type", "application/vnd.restate.invocation.v9"}};
  const std::string path = "/invoke/S/shout";
  // Past the signature, the version is what is wrong.
  CHECK(status("POST", path, signed_headers(kPem, path, now, content)) == 415);
  CHECK(status("POST", path, content) == 401);
  CHECK(status("POST", path, signed_headers(kPem, "/discover", now, content)) == 401);
  CHECK(status("POST", "/invoke/S/nope", {}) == 401);
}

TEST_CASE("a token counts for one path, and for its time", "[native][endpoint]") {
  const auto verifier = verifier_of({kPublicKey});
  const WallTime now{1'795'287'107'057};
  const auto at = [&](WallTime then, std::string_view path = "/invoke/S/shout") {
    return verifier->verify(signed_headers(kPem, "/invoke/S/shout", now), path, then);
  };
  CHECK(at(now));
  CHECK(at({now.ms + 59'000}));
  CHECK(at({now.ms - 59'000}));
  CHECK(at({now.ms + 60'000}) == Code::kUnauthenticated);
  CHECK(at({now.ms - 61'000}) == Code::kUnauthenticated);
  CHECK(at(now, "/invoke/S/other") == Code::kUnauthenticated);
  // What the endpoint's own URI has in front is not in the token.
  CHECK(at(now, "/base/invoke/invoke/S/shout"));

  SECTION("any of several keys will do") {
    const auto two = verifier_of(
        {(*protocol::RequestIdentity::from_pem(kOtherPem))->public_key(), kPublicKey});
    CHECK(two->verify(signed_headers(kPem, "/discover", now), "/discover", now));
    CHECK(two->verify(signed_headers(kOtherPem, "/discover", now), "/base/discover", now));
  }
  SECTION("whatever is changed is refused") {
    const std::string token(*signed_headers(kPem, "/discover", now).find("x-restate-jwt-v1"));
    const auto with = [&](const std::string& text, const std::string& scheme = "v1") {
      return verifier->verify(
          {{"x-restate-signature-scheme", scheme}, {"x-restate-jwt-v1", text}}, "/discover", now);
    };
    CHECK(with(token));
    CHECK(with(token, "unsigned") == Code::kUnauthenticated);
    for (std::size_t i = 0; i + 2 < token.size(); i += 7) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CAPTURE(changed);
      CHECK(with(changed) == Code::kUnauthenticated);
    }
    CHECK(with("") == Code::kUnauthenticated);
    CHECK(with("a.b") == Code::kUnauthenticated);
    CHECK(with("..") == Code::kUnauthenticated);
    CHECK(verifier->verify({{"x-restate-signature-scheme", "v1"}}, "/discover", now) ==
          Code::kUnauthenticated);
  }
}

TEST_CASE("only public keys are taken for keys", "[native][endpoint]") {
  const std::string key = kPublicKey;
  CHECK(RequestVerifier::from_keys({key}));
  for (const std::string& wrong :
       {std::string(), std::string("publickeyv1_"), key.substr(12), key + "1", key.substr(0, 54),
        "publickeyv1_1" + key.substr(12), "publickeyv1_0" + key.substr(13)}) {
    CAPTURE(wrong);
    CHECK(RequestVerifier::from_keys({key, wrong}) == Code::kInvalidArgument);
  }
}

TEST_CASE("an endpoint offers the versions it was told to", "[native][endpoint]") {
  const auto manifest = nlohmann::json::parse(manifest_json({}, {5, 6}));
  CHECK(manifest["minProtocolVersion"] == 5);
  CHECK(manifest["maxProtocolVersion"] == 6);

  testing::World world{testing::Seed{1}};
  BatonPool pool;
  EndpointHandler handler{world.shard(), pool, {6, 6}};
  auto registry = std::make_shared<ServiceRegistry>();
  REQUIRE(registry->add(Service("S").handler("shout", shout)));
  handler.serve(std::move(registry));
  http::Server server{world.shard(), {}, handler};
  REQUIRE(server.listen({"node-0", 9080, ""}));
  http::Client client{world.shard(), {}};
  for (const auto& [version, wanted] : {std::pair{5, 415}, {6, 200}, {7, 415}}) {
    Exchange exchange;
    http::RequestHead head;
    head.method = "POST";
    head.target = "/invoke/S/shout";
    head.headers.add("content-type",
                     "application/vnd.restate.invocation.v" + std::to_string(version));
    auto stream = client.start({.tls = false, .host = "node-0", .port = 9080,
                                .protocol = http::Protocol::kHttp2},
                               std::move(head), exchange);
    REQUIRE(world.run_until([&] { return exchange.head.has_value(); }));
    CHECK(exchange.head->status == wanted);
  }
}

TEST_CASE("options that cannot be met are told", "[native][endpoint]") {
  testing::World world{testing::Seed{1}};
  for (const EndpointOptions& wrong :
       {EndpointOptions{.min_protocol = 4}, EndpointOptions{.max_protocol = 8},
        EndpointOptions{.min_protocol = 7, .max_protocol = 6},
        EndpointOptions{.identity_keys = {"publickeyv1_"}}}) {
    Endpoint endpoint(world.shard(), wrong);
    CHECK(endpoint.serve(Service("S").handler("shout", shout)) == Code::kInvalidArgument);
    CHECK(endpoint.listen({"node-0", 9080, ""}).error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("a service is refused before it is served", "[native][endpoint]") {
  testing::World world{testing::Seed{1}};
  Endpoint endpoint(world.shard());
  CHECK(endpoint.serve(Service("S").handler("shout", shout)).has_value());
  CHECK(endpoint.serve(Service("S").handler("shout", shout)) == Code::kAlreadyExists);
  CHECK(endpoint.serve(Service("bad name")) == Code::kInvalidArgument);
}
