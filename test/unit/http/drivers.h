#pragma once

// A server and a client in a simulated world, on two nodes.

#include <restate/testing/world.h>

#include "http/buffered_handler.h"
#include "http/client.h"
#include "http/server.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace restate::http::testing {

using restate::testing::Seed;
using restate::testing::World;

/// What a client heard.
struct Heard final : ClientExchange {
  void on_head(const ResponseHead& h) override {
    head = h;
    notes.push_back("head " + std::to_string(h.status));
  }
  void on_data(Bytes data) override { body += data.view(); }
  void on_end() override {
    notes.push_back("end");
    done = true;
    if (then) then();
  }
  void on_drained() override { notes.push_back("drained"); }
  void on_error(const Failure& f) override {
    failure = f;
    notes.push_back("failed " + std::string(to_string(f.kind)));
    done = true;
    if (then) then();
  }

  ResponseHead head;
  Failure failure;
  std::string body;
  std::vector<std::string> notes;
  bool done = false;
  std::function<void()> then;
  std::unique_ptr<ClientStream> stream;
};

/// The server's side of a test: keeps every request, lets the test answer.
struct Requests final : ServerHandler {
  struct One final : ServerRequest {
    void on_body(Bytes data) override { *body += data.view(); }
    void on_body_end() override { *ended = true; }
    void on_drained() override { ++*drained; }
    void on_closed() override { *closed = true; }
    std::shared_ptr<std::string> body = std::make_shared<std::string>();
    std::shared_ptr<bool> ended = std::make_shared<bool>(false);
    std::shared_ptr<bool> closed = std::make_shared<bool>(false);
    std::shared_ptr<int> drained = std::make_shared<int>(0);
  };
  struct Seen {
    RequestHead head;
    ServerStream* stream;
    std::shared_ptr<std::string> body;
    std::shared_ptr<bool> ended;
    std::shared_ptr<bool> closed;
    std::shared_ptr<int> drained;
  };
  std::unique_ptr<ServerRequest> on_request(RequestHead head, ServerStream& stream) override {
    auto one = std::make_unique<One>();
    seen.push_back({std::move(head), &stream, one->body, one->ended, one->closed, one->drained});
    return one;
  }
  std::vector<Seen> seen;
};

/// A peer that speaks raw bytes.
struct Raw final : StreamListener {
  void on_data(std::string_view data) override { text += data; }
  void on_end() override { ended = true; }
  void on_error(const Error&) override { broken = true; }

  void send(std::string_view bytes) { stream->write({Bytes(bytes)}); }

  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<Stream> stream;
  std::string text;
  bool ended = false;
  bool broken = false;
};

struct Site {
  explicit Site(ServerHandler& handler, ServerOptions server_options = {},
                ClientOptions client_options = {}, std::uint64_t seed = 1)
      : world(Seed{seed}),
        server_node(world.add_node({.host = "server"})),
        client_node(world.add_node({.host = "client"})),
        server(std::make_unique<Server>(server_node.shard(0), server_options, handler)),
        client(std::make_unique<Client>(client_node.shard(0), client_options)) {
    address = server->listen({.host = "server", .port = 8080, .unix_path = {}}).value();
  }

  Target target(Protocol protocol) const {
    return {.tls = false, .host = "server", .port = 8080, .protocol = protocol};
  }

  /// A request without a body, or with all of it.
  void send(Heard& heard, Protocol protocol, std::string method, std::string path,
            Bytes body = {}) {
    RequestHead head;
    head.method = std::move(method);
    head.target = std::move(path);
    heard.stream = client->start(target(protocol), std::move(head), heard);
    heard.stream->write(std::move(body));
    heard.stream->finish();
  }

  bool run_until(std::function<bool()> condition, Duration limit = std::chrono::seconds(30)) {
    return world.run_until([&condition] { return condition(); }, limit);
  }

  void connect(Raw& raw) {
    raw.connecting = client_node.shard(0).network().connect(
        {.host = "server", .port = 8080, .unix_path = {}}, std::chrono::seconds(5),
        [&raw](Result<std::unique_ptr<Stream>> result) {
          raw.stream = std::move(result).value();
          raw.stream->start(raw);
        });
    run_until([&raw] { return raw.stream != nullptr; });
  }

  World world;
  restate::testing::Node& server_node;
  restate::testing::Node& client_node;
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
  Address address;
};

/// Answers with what it got.
inline BufferedHandler echo(std::size_t limit = kMaxBodyBytes) {
  return BufferedHandler(limit, [](const RequestHead& head, Bytes body, Responder responder) {
    responder.respond(200, "text/plain", Bytes(head.method + " " + head.target + " " + body.str()));
  });
}

}  // namespace restate::http::testing
