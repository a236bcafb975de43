// Peers that are silent, gone, half done, or too many.

#include "drivers.h"
#include "support/catch.h"

#include <chrono>

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;
using namespace std::chrono_literals;

TEST_CASE("nobody listens", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Target target = site.target(protocol);
  target.port = 9999;
  std::vector<std::unique_ptr<Heard>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(std::make_unique<Heard>());
    all.back()->stream = site.client->start(target, {}, *all.back());
  }
  CHECK_FALSE(all[0]->done);  // never inside the call
  for (auto& heard : all) {
    REQUIRE(site.run_until([&] { return heard->done; }));
    CHECK(heard->failure.kind == FailureKind::kConnect);
    CHECK(heard->failure.not_processed);
  }
  CHECK(site.client->connections() == 0);
}

TEST_CASE("https without TLS fails", "[http][driver]") {
  Requests requests;
  Site site(requests);
  Target target = site.target(Protocol::kAny);
  target.tls = true;
  Heard heard;
  heard.stream = site.client->start(target, {}, heard);
  REQUIRE(site.run_until([&] { return heard.done; }));
  CHECK(heard.failure.kind == FailureKind::kTls);
}

TEST_CASE("a connect that leads nowhere ends in time", "[http][driver]") {
  Requests requests;
  Site site(requests);
  site.world.network().partition(site.client_node, site.server_node);
  Heard heard;
  site.send(heard, Protocol::kHttp2, "GET", "/");
  site.world.run_for(9s);
  CHECK_FALSE(heard.done);
  REQUIRE(site.run_until([&] { return heard.done; }, 2s));
  CHECK(heard.failure.kind == FailureKind::kConnect);
}

TEST_CASE("a peer that fell silent is noticed", "[http][driver]") {
  Requests requests;
  Site site(requests);
  Heard heard;
  site.send(heard, Protocol::kHttp2, "GET", "/");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  SECTION("and one that is only slow is not") {
    site.world.run_for(1h);
    CHECK_FALSE(heard.done);
    requests.seen[0].stream->respond({200, {}}, "");
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.head.status == 200);
  }
  SECTION("within ping interval, jitter and timeout") {
    site.world.network().partition(site.client_node, site.server_node);
    site.world.run_for(59s);
    CHECK_FALSE(heard.done);
    REQUIRE(site.run_until([&] { return heard.done; }, 12s));
    CHECK(heard.failure.kind == FailureKind::kSilent);
    CHECK_FALSE(heard.failure.not_processed);
    CHECK(site.client->connections() == 0);
  }
}

TEST_CASE("a broken connection fails its streams, and the next one works", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Heard heard;
  site.send(heard, protocol, "GET", "/");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  site.world.network().reset(site.client_node, site.server_node);
  REQUIRE(site.run_until([&] { return heard.done && *requests.seen[0].closed; }));
  CHECK(heard.failure.kind == FailureKind::kLost);
  Heard next;
  site.send(next, protocol, "GET", "/");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 2; }));
}

TEST_CASE("callbacks may end and start streams", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  BufferedHandler handler = echo();
  Site site(handler);
  Heard one;
  Heard two;
  site.send(one, protocol, "GET", "/1");
  one.then = [&] {
    one.stream.reset();
    site.send(two, protocol, "GET", "/2");
  };
  REQUIRE(site.run_until([&] { return two.done; }));
  CHECK(two.body == "GET /2 ");
  CHECK(one.stream == nullptr);
}

TEST_CASE("the wrong protocol has a name", "[http][driver]") {
  Requests requests;
  Site site(requests);
  std::vector<std::unique_ptr<Raw>> peers;
  auto listener = site.server_node.shard(0).network().listen(
      {.host = "server", .port = 81, .unix_path = {}}, [&](std::unique_ptr<Stream> stream) {
        peers.push_back(std::make_unique<Raw>());
        peers.back()->stream = std::move(stream);
        peers.back()->stream->start(*peers.back());
      });
  REQUIRE(listener);
  Target target = site.target(Protocol::kHttp2);
  target.port = 81;
  Heard heard;
  SECTION("HTTP/1 where HTTP/2 was expected") {
    heard.stream = site.client->start(target, {}, heard);
    REQUIRE(site.run_until([&] { return !peers.empty() && !peers[0]->text.empty(); }));
    peers[0]->send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.failure.kind == FailureKind::kPeerSpeaksHttp1);
  }
  SECTION("and the other way round") {
    target.protocol = Protocol::kHttp1;
    heard.stream = site.client->start(target, {}, heard);
    REQUIRE(site.run_until([&] { return !peers.empty() && !peers[0]->text.empty(); }));
    peers[0]->send(std::string("\0\0\0\4\0\0\0\0\0", 9));
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.failure.kind == FailureKind::kPeerSpeaksHttp2);
  }
  peers.clear();
}

TEST_CASE("what a client leaves half done is not waited for", "[http][driver]") {
  Requests requests;
  Site site(requests);
  Raw raw;
  site.connect(raw);
  SECTION("a head") {
    raw.send("GET / HT");
    site.world.run_for(20s);
    raw.send("TP/1.1\r\n");  // being busy does not help
    site.world.run_for(9s);
    CHECK_FALSE(raw.ended);
    site.world.run_for(2s);
    CHECK(raw.text.substr(0, 12) == "HTTP/1.1 408");
  }
  SECTION("a body") {
    raw.send("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\na");
    site.world.run_for(50s);
    raw.send("b");
    site.world.run_for(59s);
    CHECK_FALSE(raw.ended);
    site.world.run_for(2s);
    CHECK(raw.text.substr(0, 12) == "HTTP/1.1 408");
    CHECK(*requests.seen[0].closed);
  }
  SECTION("the first bytes") {
    raw.send("PRI");
    site.world.run_for(31s);
  }
  SECTION("an idle connection is, unless somebody says so") {
    site.world.run_for(24h);
    CHECK_FALSE(raw.ended);
    return;
  }
  site.world.run_for(5s);
  CHECK((raw.ended || raw.broken));
  CHECK(site.server->connections() == 0);
}

TEST_CASE("a half done body is not hidden by its neighbours", "[http][driver]") {
  Requests requests;
  Site site(requests);
  Heard half;
  RequestHead head;
  head.method = "POST";
  head.target = "/half";
  half.stream = site.client->start(site.target(Protocol::kHttp2), head, half);
  half.stream->write("a");
  Heard busy;
  head.target = "/busy";
  busy.stream = site.client->start(site.target(Protocol::kHttp2), head, busy);
  for (int i = 0; i < 59; ++i) {
    busy.stream->write("x");
    site.world.run_for(1s);
  }
  CHECK_FALSE(half.done);
  for (int i = 0; i < 20; ++i) {
    busy.stream->write("x");
    site.world.run_for(1s);
  }
  CHECK(half.done);
  CHECK(half.head.status == 408);
  CHECK_FALSE(busy.done);
  REQUIRE(requests.seen.size() == 2);
  CHECK(*requests.seen[0].closed);
  CHECK_FALSE(*requests.seen[1].closed);
  CHECK(requests.seen[1].body->size() == 79);
}

TEST_CASE("a handler may say what it thinks of a broken body", "[http][driver]") {
  struct Opinion final : ServerHandler {
    struct One final : ServerRequest {
      explicit One(ServerStream& s, bool a) : stream(s), answers(a) {}
      void on_body(Bytes) override {}
      void on_body_end() override {}
      void on_body_error(const Error& error) override {
        if (answers) stream.respond({500, {}}, Bytes(error.message));
      }
      void on_closed() override {}
      ServerStream& stream;
      bool answers;
    };
    std::unique_ptr<ServerRequest> on_request(RequestHead head, ServerStream& stream) override {
      return std::make_unique<One>(stream, head.target == "/500");
    }
  };
  Opinion handler;
  Site site(handler);
  const std::string status = GENERATE(as<std::string>(), "400", "500");
  Raw raw;
  site.connect(raw);
  raw.send("POST /" + status + " HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
  REQUIRE(site.run_until([&] { return raw.ended; }));
  CHECK(raw.text.substr(9, 3) == status);
}

TEST_CASE("an idle limit is kept", "[http][driver]") {
  Requests requests;
  Site site(requests, {.idle_timeout = 10s});
  Raw raw;
  site.connect(raw);
  raw.send("GET / HTTP/1.1\r\n\r\n");
  site.world.run_for(1min);  // it is not idle while it waits for us
  CHECK_FALSE(raw.ended);
  requests.seen[0].stream->respond({200, {}}, "x");
  site.world.run_for(9s);
  CHECK_FALSE(raw.ended);
  site.world.run_for(2s);
  CHECK(raw.ended);
}

TEST_CASE("the last word is heard although the client goes on talking", "[http][driver]") {
  BufferedHandler handler = echo(10);
  Site site(handler);
  Raw raw;
  site.connect(raw);
  raw.send("POST / HTTP/1.1\r\ncontent-length: 10000000\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    raw.send(std::string(10'000, 'x'));
    site.world.run_for(1ms);
  }
  CHECK(raw.text.find("413 Payload Too Large") != std::string::npos);
  CHECK(raw.ended);
  CHECK_FALSE(raw.broken);
  site.world.run_for(3s);
  CHECK(site.server->connections() == 0);
}

TEST_CASE("too many connections are turned away", "[http][driver]") {
  Requests requests;
  Site site(requests, {.max_connections = 2});
  std::vector<std::unique_ptr<Raw>> raws;
  for (int i = 0; i < 3; ++i) {
    raws.push_back(std::make_unique<Raw>());
    site.connect(*raws.back());
    site.world.run_for(1s);
  }
  CHECK(site.server->connections() == 2);
  CHECK((raws[2]->ended || raws[2]->broken));
}

TEST_CASE("many exchanges over a bad network end one way or the other", "[http][driver]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  CAPTURE(seed);
  BufferedHandler handler = echo();
  Site site(handler, {}, {}, seed);
  site.world.network().set_reset_chance(20'000);
  std::vector<std::unique_ptr<Heard>> all;
  std::size_t good = 0;
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::make_unique<Heard>());
    site.send(*all.back(), protocol, "POST", "/" + std::to_string(i),
              Bytes(std::string(site.world.random().below(20'000), 'x')));
    site.world.run_for(Duration(static_cast<std::int64_t>(site.world.random().below(500'000))));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(site.run_until([&] { return all[i]->done; }, 10min));
    if (all[i]->notes.back() != "end") continue;
    ++good;
    CHECK(all[i]->body.substr(0, 6 + std::to_string(i).size()) == "POST /" + std::to_string(i));
  }
  CHECK(good > 50);
  CHECK(good < 200);
}

TEST_CASE("a crash in the middle of everything leaves nothing behind", "[http][driver]") {
  Requests requests;
  Site site(requests);
  std::vector<std::unique_ptr<Heard>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<Heard>());
    site.send(*all.back(), i % 2 == 0 ? Protocol::kHttp1 : Protocol::kHttp2, "POST", "/", "body");
  }
  site.world.run_for(1ms);
  site.server_node.on_crash([&] { site.server.reset(); });
  site.world.crash(site.server_node);
  for (auto& heard : all) REQUIRE(site.run_until([&] { return heard->done; }));
}
