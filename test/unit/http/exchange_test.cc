#include "sessions.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;

// One story for both protocols: whatever the wire cuts, client and server see the same.

TEST_CASE("an exchange survives every cut", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  const std::size_t piece = GENERATE(1u, 2u, 3u, 10u, 1u << 20);
  CAPTURE(to_string(version), piece);
  Pair pair(version);

  RequestHead head = request("POST", "/Greeter/greet?x=%20");
  head.headers = {{"Content-Type", "text/plain"}, {"x", "1"}, {"x", "2"}, {"empty", ""}};
  const StreamId id = pair.client.session->open(head);
  pair.client.session->write(id, "hello ");
  pair.pump(piece);
  pair.client.session->write(id, "world");
  pair.client.session->finish(id);
  pair.pump(piece);

  CHECK(pair.server.body == "hello world");
  const std::string n = std::to_string(id);
  CHECK(pair.server.notes == Notes{"request " + n + " POST /Greeter/greet?x=%20", "end " + n});
  CHECK(pair.server.head().version == version);
  CHECK(pair.server.head().authority == "example.test");
  CHECK(pair.server.head().headers.find("content-type") == "text/plain");
  std::vector<std::string> xs;
  for (const Header& header : pair.server.head().headers) {
    if (header.name == "x") xs.push_back(header.value);
  }
  CHECK(xs == std::vector<std::string>{"1", "2"});
  CHECK(pair.server.head().headers.find("empty") == "");

  SECTION("with a whole response") {
    pair.server.session->respond(id, {201, {{"x-a", "b"}}}, "fine");
    pair.pump(piece);
    CHECK(pair.client.head().headers.find("content-length") == "4");
    CHECK(pair.client.head().headers.find("date") == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(pair.client.head().headers.find("x-a") == "b");
    CHECK(pair.client.head().version == version);
  }
  SECTION("with a response in pieces") {
    pair.server.session->start(id, {201, {}});
    pair.pump(piece);
    CHECK(pair.client.notes == Notes{"response " + n + " 201"});
    pair.server.session->write(id, "fi");
    pair.pump(piece);
    CHECK(pair.client.body == "fi");
    pair.server.session->write(id, "ne");
    pair.server.session->finish(id);
    pair.pump(piece);
  }
  CHECK(pair.client.body == "fine");
  CHECK(pair.client.notes == Notes{"response " + n + " 201", "end " + n, "closed " + n});
  CHECK(pair.server.notes.back() == "closed " + n);
  CHECK(pair.server.session->waiting() == Waiting::kRequest);
  CHECK(pair.client.session->can_open());
}

TEST_CASE("both directions flow at the same time", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  Pair pair(version);
  const StreamId id = pair.client.session->open(request("POST", "/invoke"));
  pair.pump();
  pair.server.session->start(id, {200, {}});
  for (int i = 0; i < 5; ++i) {
    const std::string question = "q" + std::to_string(i);
    pair.client.session->write(id, Bytes(question));
    pair.pump();
    CHECK(pair.server.body == question);
    pair.server.session->write(id, Bytes("a" + question));
    pair.pump();
    CHECK(pair.client.body == "a" + question);
    pair.server.body.clear();
    pair.client.body.clear();
  }
  pair.client.session->finish(id);
  pair.pump();
  pair.server.session->finish(id);
  pair.pump();
  CHECK(pair.client.notes.back() == "closed " + std::to_string(id));
  CHECK(pair.server.notes.back() == "closed " + std::to_string(id));
}

TEST_CASE("large bodies arrive whole", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  const std::size_t piece = GENERATE(1000u, 100'000u);
  Pair pair(version);
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + ",";
  const StreamId id = pair.client.session->open(request("POST", "/"), Bytes(body));
  pair.pump(piece);
  CHECK(pair.server.body == body);
  pair.server.session->respond(id, {200, {}}, Bytes(body));
  pair.pump(piece);
  CHECK(pair.client.body == body);
  CHECK(pair.client.notes.back() == "closed " + std::to_string(id));
}

TEST_CASE("one connection serves many requests", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  Pair pair(version);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(pair.client.session->can_open());
    const StreamId id = pair.client.session->open(request("GET", "/" + std::to_string(i)), {});
    pair.pump();
    REQUIRE(pair.server.notes.back() ==
            "request " + std::to_string(id) + " GET /" + std::to_string(i) + " ends");
    pair.server.session->respond(id, {200, {}}, Bytes(std::to_string(i)));
    pair.pump();
    REQUIRE(pair.client.body == std::to_string(i));
    pair.client.body.clear();
  }
}

TEST_CASE("empty answers have no body in either protocol", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  Pair pair(version);
  const int status = GENERATE(200, 204, 304, 404);
  const StreamId id = pair.client.session->open(request("GET", "/"), {});
  pair.pump();
  pair.server.session->respond(id, {status, {}}, "");
  pair.pump();
  CHECK(pair.client.body.empty());
  CHECK(pair.client.notes.back() == "closed " + std::to_string(id));
  CHECK(pair.client.head().status == status);
}

TEST_CASE("HEAD works in either protocol", "[http][exchange]") {
  const Version version = GENERATE(Version::kHttp11, Version::kHttp2);
  Pair pair(version);
  const StreamId id = pair.client.session->open(request("HEAD", "/"), {});
  pair.pump();
  pair.server.session->respond(id, {405, {}}, "not shown");
  pair.pump();
  CHECK(pair.client.body.empty());
  CHECK(pair.client.head().headers.find("content-length") == "9");
  CHECK(pair.client.notes.back() == "closed " + std::to_string(id));
}
