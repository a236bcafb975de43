#include <restate/endpoint.h>

#include "http/client.h"
#include "native/endpoint_handler.h"
#include "native/pool.h"
#include "protocol/discovery.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "support/catch.h"
#include "wire/entry.h"

#include <restate/context.h>
#include <restate/testing/world.h>

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

struct Fixture {
  testing::World world{testing::Seed{1}};
  BatonPool pool;
  EndpointHandler handler{world.shard(), pool};
  http::Server server{world.shard(), {}, handler};
  http::Client client{world.shard(), {}};
  http::Target target{.tls = false, .host = "node-0", .port = 9080, .protocol = http::Protocol::kHttp2};

  Fixture() {
    auto registry = std::make_shared<ServiceRegistry>();
    REQUIRE(registry->add(Service("S").handler("shout", shout)));
    handler.serve(std::move(registry));
    REQUIRE(server.listen({"node-0", 9080, ""}));
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

TEST_CASE_METHOD(Fixture, "an endpoint says no with a status", "[native][endpoint]") {
  const auto status = [&](const std::string& method, const std::string& path, http::Headers headers) {
    Exchange exchange;
    auto stream = start(method, path, std::move(headers), exchange);
    stream->finish();
    REQUIRE(world.run_until([&] { return exchange.ended; }));
    return exchange.head->status;
  };
  CHECK(status("GET", "/health", {}) == 200);
  CHECK(status("GET", "/nope", {}) == 404);
  CHECK(status("GET", "/discover", {{"accept", "application/vnd.restate.endpointmanifest.v1+json"}}) == 415);
  CHECK(status("POST", "/invoke/S/nope", {{"content-type", "application/vnd.restate.invocation.v6"}}) == 404);
  CHECK(status("POST", "/invoke/S/shout", {{"content-type", "application/json"}}) == 415);
  CHECK(status("POST", "/invoke/S/shout", {}) == 415);
}

TEST_CASE("a service is refused before it is served", "[native][endpoint]") {
  testing::World world{testing::Seed{1}};
  Endpoint endpoint(world.shard());
  CHECK(endpoint.serve(Service("S").handler("shout", shout)).has_value());
  CHECK(endpoint.serve(Service("S").handler("shout", shout)) == Code::kAlreadyExists);
  CHECK(endpoint.serve(Service("bad name")) == Code::kInvalidArgument);
}
