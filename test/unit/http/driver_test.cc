// Exchanges that go well, however long they take.

#include "drivers.h"
#include "support/catch.h"

#include <chrono>

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;
using namespace std::chrono_literals;

TEST_CASE("a request goes round", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2, Protocol::kAny);
  BufferedHandler handler = echo();
  Site site(handler);
  Heard heard;
  site.send(heard, protocol, "POST", "/x?y=1", "hello");
  REQUIRE(site.run_until([&] { return heard.done; }));
  CHECK(heard.notes == std::vector<std::string>{"head 200", "end"});
  CHECK(heard.body == "POST /x?y=1 hello");
  CHECK(heard.head.headers.find("content-type") == "text/plain");
  CHECK(heard.head.headers.find("date").value().size() == 29);
  CHECK(heard.head.version == (protocol == Protocol::kHttp1 ? Version::kHttp11 : Version::kHttp2));
}

TEST_CASE("an answer may come much later, and from elsewhere", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  std::vector<Responder> waiting;
  BufferedHandler handler(1000, [&](RequestHead, Bytes, Responder responder) {
    waiting.push_back(std::move(responder));
  });
  Site site(handler);
  Heard heard;
  site.send(heard, protocol, "GET", "/");
  REQUIRE(site.run_until([&] { return waiting.size() == 1; }));
  bool gone = false;
  waiting[0].on_gone([&] { gone = true; });

  SECTION("it is answered") {
    site.world.run_for(24h);
    REQUIRE(waiting[0]);
    waiting[0].respond(200, "", "late");
    CHECK_FALSE(waiting[0]);
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.body == "late");
    site.world.run_for(1s);
    CHECK_FALSE(gone);
  }
  SECTION("in pieces") {
    waiting[0].start({200, {}});
    waiting[0].write("la");
    REQUIRE(site.run_until([&] { return heard.body == "la"; }));
    waiting[0].write("te");
    waiting[0].finish();
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.body == "late");
    CHECK_FALSE(gone);
  }
  SECTION("the client leaves first") {
    heard.stream.reset();
    REQUIRE(site.run_until([&] { return gone; }));
    CHECK_FALSE(waiting[0]);
    waiting[0].respond(200, "", "nobody hears this");
  }
  SECTION("nobody answers") {
    waiting.clear();
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.notes.size() == 1);
    CHECK(heard.notes[0].substr(0, 6) == "failed");
  }
  SECTION("the server is destroyed") {
    site.server.reset();
    CHECK_FALSE(waiting[0]);
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.failure.kind == FailureKind::kLost);
  }
}

TEST_CASE("bodies above the limit are refused", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  BufferedHandler handler = echo(10);
  Site site(handler);
  Heard heard;
  SECTION("exactly the limit passes") {
    site.send(heard, protocol, "POST", "/", "0123456789");
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.head.status == 200);
    return;
  }
  SECTION("with a length") { site.send(heard, protocol, "POST", "/", "0123456789a"); }
  SECTION("without") {
    RequestHead head;
    head.method = "POST";
    heard.stream = site.client->start(site.target(protocol), head, heard);
    site.world.run_for(1s);
    heard.stream->write("0123456789a");
  }
  REQUIRE(site.run_until([&] { return heard.done; }));
  CHECK(heard.head.status == 413);
  CHECK(heard.body == "length limit exceeded");
  CHECK(heard.head.headers.find("content-type") == "text/plain; charset=utf-8");
}

TEST_CASE("both sides talk at once", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests, {.body_timeout = 0s});
  Heard heard;
  RequestHead head;
  head.method = "POST";
  head.target = "/invoke";
  heard.stream = site.client->start(site.target(protocol), head, heard);
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  auto& seen = requests.seen[0];
  seen.stream->start({200, {}});
  for (int i = 0; i < 10; ++i) {
    heard.stream->write("q");
    REQUIRE(site.run_until([&] { return seen.body->size() == std::size_t(i) + 1; }));
    seen.stream->write("a");
    REQUIRE(site.run_until([&] { return heard.body.size() == std::size_t(i) + 1; }));
    site.world.run_for(10min);
  }
  heard.stream->finish();
  REQUIRE(site.run_until([&] { return *seen.ended; }));
  CHECK_FALSE(*seen.closed);
  seen.stream->finish();
  REQUIRE(site.run_until([&] { return heard.done && *seen.closed; }));
  CHECK(heard.notes.back() == "end");
}

TEST_CASE("a client that changes its mind ends the request", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Heard heard;
  RequestHead head;
  head.method = "POST";
  SECTION("before it is connected") {
    heard.stream = site.client->start(site.target(protocol), head, heard);
    heard.stream.reset();
    site.world.run_for(1s);
    CHECK(requests.seen.empty());
  }
  SECTION("in the turn it was started") {
    Heard first;
    site.send(first, protocol, "GET", "/");
    REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
    heard.stream = site.client->start(site.target(protocol), head, heard);
    heard.stream.reset();
    site.world.run_for(1s);
    CHECK(requests.seen.size() == 1);
  }
  SECTION("half way") {
    heard.stream = site.client->start(site.target(protocol), head, heard);
    heard.stream->write("abc");
    REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
    heard.stream.reset();
    REQUIRE(site.run_until([&] { return *requests.seen[0].closed; }));
    CHECK_FALSE(*requests.seen[0].ended);
  }
  CHECK(heard.notes.empty());
}

TEST_CASE("a slow reader slows the writer, and nobody else", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Heard slow;
  site.send(slow, protocol, "GET", "/slow");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  slow.stream->pause();
  site.world.run_for(1s);
  ServerStream& stream = *requests.seen[0].stream;
  stream.start({200, {}});
  std::size_t sent = 0;
  for (int i = 0; i < 200 && stream.unsent_bytes() <= kHighWater; ++i) {
    stream.write(Bytes(std::string(100'000, 's')));
    sent += 100'000;
    site.world.run_for(10ms);
  }
  CHECK(sent < 10'000'000);
  CHECK(stream.unsent_bytes() > kHighWater);
  CHECK(*requests.seen[0].drained == 0);

  Heard fast;
  site.send(fast, protocol, "GET", "/fast");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 2; }));
  requests.seen[1].stream->respond({200, {}}, Bytes(std::string(3'000'000, 'f')));
  REQUIRE(site.run_until([&] { return fast.done; }));
  CHECK(fast.body.size() == 3'000'000);

  slow.stream->resume();
  REQUIRE(site.run_until([&] { return *requests.seen[0].drained == 1; }));
  stream.finish();
  REQUIRE(site.run_until([&] { return slow.done; }));
  CHECK(slow.body.size() == sent);
}

TEST_CASE("a request body can be held back", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Heard heard;
  RequestHead head;
  head.method = "POST";
  heard.stream = site.client->start(site.target(protocol), head, heard);
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  requests.seen[0].stream->pause_body();
  site.world.run_for(1s);
  std::size_t sent = 0;
  for (int i = 0; i < 200 && heard.stream->unsent_bytes() <= kHighWater; ++i) {
    heard.stream->write(Bytes(std::string(100'000, 'x')));
    sent += 100'000;
    site.world.run_for(10ms);
  }
  CHECK(sent < 10'000'000);
  site.world.run_for(10min);  // it is we who are slow: no timeout
  REQUIRE_FALSE(*requests.seen[0].closed);
  requests.seen[0].stream->resume_body();
  heard.stream->finish();
  REQUIRE(site.run_until([&] { return *requests.seen[0].ended; }));
  CHECK(requests.seen[0].body->size() == sent);
  CHECK(heard.notes == std::vector<std::string>{"drained"});
}

TEST_CASE("a server closes in an orderly way", "[http][driver]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  Requests requests;
  Site site(requests);
  Heard heard;
  site.send(heard, protocol, "GET", "/");
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  Raw idle;
  site.connect(idle);
  site.world.run_for(1s);
  CHECK(site.server->connections() == 2);

  bool closed = false;
  Shard& shard = site.server_node.shard(0);
  site.server->close(5s, Completion<void>(shard, [&](Result<void>) { closed = true; }));
  site.world.run_for(1s);
  CHECK((idle.ended || idle.broken));
  CHECK_FALSE(closed);

  SECTION("what runs may finish") {
    requests.seen[0].stream->respond({200, {}}, "just in time");
    REQUIRE(site.run_until([&] { return heard.done && closed; }));
    CHECK(heard.body == "just in time");
    if (protocol == Protocol::kHttp1) CHECK(heard.head.headers.find("connection") == "close");
  }
  SECTION("but not take its time") {
    REQUIRE(site.run_until([&] { return closed; }, 6s));
    CHECK(*requests.seen[0].closed);
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.failure.kind == FailureKind::kLost);
  }
  CHECK(site.server->connections() == 0);

  Heard late;
  site.send(late, protocol, "GET", "/");
  REQUIRE(site.run_until([&] { return late.done; }));
  CHECK(late.failure.kind == FailureKind::kConnect);
  CHECK(late.failure.not_processed);
}

TEST_CASE("closing a server without connections completes", "[http][driver]") {
  Requests requests;
  Site site(requests);
  bool closed = false;
  site.server->close(
      5s, Completion<void>(site.server_node.shard(0), [&](Result<void>) { closed = true; }));
  CHECK_FALSE(closed);
  CHECK(site.run_until([&] { return closed; }, 1s));
}

TEST_CASE("streams share connections up to a limit", "[http][driver]") {
  Requests requests;
  ClientOptions options;
  options.streams_per_connection = 10;
  Site site(requests, {}, options);
  std::vector<std::unique_ptr<Heard>> all;
  for (int i = 0; i < 35; ++i) {
    all.push_back(std::make_unique<Heard>());
    site.send(*all.back(), Protocol::kHttp2, "GET", "/" + std::to_string(i));
  }
  REQUIRE(site.run_until([&] { return requests.seen.size() == 35; }));
  site.world.run_for(1s);
  CHECK(site.client->connections() == 4);
  for (auto& seen : requests.seen) seen.stream->respond({200, {}}, "x");
  for (auto& heard : all) REQUIRE(site.run_until([&] { return heard->done; }));

  SECTION("and open another one before the last is full") {
    requests.seen.clear();
    all.clear();
    for (int i = 0; i < 38; ++i) {
      all.push_back(std::make_unique<Heard>());
      site.send(*all.back(), Protocol::kHttp2, "GET", "/");
    }
    REQUIRE(site.run_until([&] { return requests.seen.size() == 38; }));
    site.world.run_for(1s);
    CHECK(site.client->connections() == 5);
  }
  SECTION("and let them go when they are idle") {
    all.clear();
    site.world.run_for(4min);
    CHECK(site.client->connections() == 4);
    site.world.run_for(2min);
    CHECK(site.client->connections() == 0);
    CHECK(site.server->connections() == 0);
  }
}

TEST_CASE("HTTP/1.1 connections carry one stream and are used again", "[http][driver]") {
  BufferedHandler handler = echo();
  Site site(handler);
  std::vector<std::unique_ptr<Heard>> all;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) {
      all.push_back(std::make_unique<Heard>());
      site.send(*all.back(), Protocol::kHttp1, "POST", "/", "x");
    }
    for (auto& heard : all) REQUIRE(site.run_until([&] { return heard->done; }));
    CHECK(site.client->connections() == 5);
  }
  for (auto& heard : all) CHECK(heard->body == "POST / x");
}
