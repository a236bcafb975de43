#include "sessions.h"
#include "support/catch.h"

#include <nghttp2/nghttp2.h>

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;

namespace {

/// A raw frame.
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string text;
  for (const int shift : {16, 8, 0}) text += static_cast<char>(payload.size() >> shift);
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(stream >> shift);
  return text.append(payload);
}

const std::string kMagic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The types of the frames in `bytes`, such as `4 8 7`.
std::string types(std::string_view bytes) {
  std::string text;
  while (bytes.size() >= 9) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::size_t size = (at(0) << 16) | (at(1) << 8) | at(2);
    text += (text.empty() ? "" : " ") + std::to_string(at(3));
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return text;
}

}  // namespace

TEST_CASE("many streams share a connection", "[http][http2]") {
  Pair pair(Version::kHttp2);
  std::vector<StreamId> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(pair.client.session->open(request("GET", "/" + std::to_string(i)), {}));
  }
  CHECK_FALSE(pair.client.session->can_open());  // 50 until SETTINGS arrive
  pair.pump();
  CHECK(pair.client.session->capacity() == 128);
  CHECK(pair.client.session->can_open());
  // Answered in the opposite order, to show that nobody waits for anybody.
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    pair.server.session->respond(*id, {200, {}}, Bytes("r" + std::to_string(*id) + ";"));
    pair.pump();
    CHECK(pair.client.notes.back() == "closed " + std::to_string(*id));
  }
  CHECK(pair.client.session->active() == 0);
}

TEST_CASE("the peer's limit on streams is respected", "[http][http2]") {
  Pair pair(Version::kHttp2, {.max_concurrent_streams = 3});
  pair.pump();
  CHECK(pair.client.session->capacity() == 3);
}

TEST_CASE("streams above the limit of the server are refused, and may be tried again",
          "[http][http2]") {
  Pair pair(Version::kHttp2, {.max_concurrent_streams = 2});
  for (int i = 0; i < 3; ++i) pair.client.session->open(request("GET", "/"), {});
  pair.pump();
  // nghttp2 tolerates more than announced until the client has acknowledged; after that it refuses.
  CHECK(pair.server.notes.size() + pair.client.notes.size() == 3);
  for (const std::string& note : pair.client.notes) CHECK(note == "failed 5 refused not processed");
}

TEST_CASE("a cancelled stream is closed at the server", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("POST", "/"));
  const StreamId other = pair.client.session->open(request("POST", "/other"));
  pair.client.session->write(id, "x");
  SECTION("after it was seen") {
    pair.pump();
    pair.client.session->reset(id);
    pair.pump();
    CHECK(pair.server.notes.back() == "closed 1");
  }
  SECTION("or never, if it never left") {
    pair.client.session->reset(id);
    pair.pump();
    CHECK(pair.server.notes == Notes{"request 3 POST /other"});
  }
  CHECK(pair.client.notes.empty());
  pair.client.session->finish(other);
  pair.pump();
  pair.server.session->respond(other, {200, {}}, "ok");
  pair.pump();
  CHECK(pair.client.notes.back() == "closed 3");
  CHECK(pair.client.session->active() == 0);
}

TEST_CASE("a stream the server resets fails alone", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("POST", "/"));
  const StreamId other = pair.client.session->open(request("POST", "/"));
  pair.pump();
  pair.server.session->start(id, {200, {}});
  pair.server.session->write(id, "abc");
  pair.pump();
  pair.server.session->reset(id);
  pair.pump();
  CHECK(pair.client.notes.back() == "failed 1 reset");
  CHECK(pair.server.notes.back() == "closed 1");
  pair.client.session->finish(other);
  pair.server.session->respond(other, {200, {}}, "ok");
  pair.pump();
  CHECK(pair.client.notes.back() == "closed 3");
}

TEST_CASE("an answer before the end of the request ends both", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("POST", "/"));
  pair.client.session->write(id, "x");
  pair.pump();
  pair.server.session->respond(id, {413, {}}, "too large");
  pair.pump();
  CHECK(pair.client.notes == Notes{"response 1 413", "end 1", "closed 1"});
  CHECK(pair.server.notes.back() == "closed 1");
  pair.client.session->write(id, "unwanted");
  pair.client.session->finish(id);
  pair.pump();
  CHECK(pair.client.session->can_open());
}

TEST_CASE("a paused stream is held back by its window, its neighbours are not", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("POST", "/slow"));
  const StreamId other = pair.client.session->open(request("POST", "/fast"));
  pair.pump();
  pair.server.session->set_paused(id, true);
  pair.client.session->write(id, Bytes(std::string(1'000'000, 's')));
  pair.client.session->finish(id);
  pair.pump();
  CHECK(pair.server.body.size() == kServerStreamWindow);
  CHECK(pair.client.session->unsent(id) == 1'000'000 - kServerStreamWindow);
  CHECK(pair.server.session->waiting() == Waiting::kBody);  // the other one

  pair.client.session->write(other, Bytes(std::string(10'000'000, 'f')));
  pair.client.session->finish(other);
  pair.pump();
  CHECK(pair.server.notes.back() == "end 3");
  CHECK(pair.server.session->waiting() == Waiting::kNothing);
  CHECK(pair.server.body.size() == 10'000'000 + kServerStreamWindow);

  pair.server.session->set_paused(id, false);
  pair.pump();
  CHECK(pair.server.notes.back() == "end 1");
  CHECK(pair.client.notes.back() == "drained 1");
  CHECK(pair.server.body.size() == 11'000'000);
}

TEST_CASE("a client holds a response back, too", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("GET", "/"), {});
  pair.pump();
  pair.client.session->set_paused(id, true);
  pair.server.session->respond(id, {200, {}}, Bytes(std::string(5'000'000, 's')));
  pair.pump();
  CHECK(pair.client.body.size() == kClientStreamWindow);
  pair.client.session->set_paused(id, false);
  pair.pump();
  CHECK(pair.client.body.size() == 5'000'000);
  CHECK(pair.client.notes.back() == "closed 1");
}

TEST_CASE("an HTTP/1 answer to the preface has a name of its own", "[http][http2]") {
  const std::size_t piece = GENERATE(1u, 3u, 1000u);
  ClientEnd client;
  client.session = make_http2_client(client.settings);
  client.session->open(request("GET", "/discover"), {});
  client.written();
  client.receive("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", piece);
  CHECK(client.notes == Notes{"failed 1 peer speaks http/1"});
  CHECK(client.session->finished());
}

TEST_CASE("bytes that are no protocol at all fail the connection", "[http][http2]") {
  ClientEnd client;
  client.session = make_http2_client(client.settings);
  client.session->open(request("GET", "/"), {});
  client.written();
  client.receive("SSH-2.0-OpenSSH_9.2\r\n");
  client.written();
  CHECK(client.notes == Notes{"failed 1 protocol"});
  CHECK(client.session->finished());
}

TEST_CASE("a server that goes away", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("POST", "/"));
  pair.pump();
  SECTION("politely, finishes what runs") {
    pair.server.session->drain();
    pair.pump();
    CHECK(pair.client.session->retired());
    CHECK_FALSE(pair.client.session->can_open());
    CHECK_FALSE(pair.client.session->finished());
    pair.client.session->finish(id);
    pair.server.session->respond(id, {200, {}}, "last");
    pair.pump();
    CHECK(pair.client.body == "last");
    CHECK(pair.client.session->finished());
    CHECK(pair.server.session->finished());
  }
  SECTION("between two messages, loses them") {
    pair.client.session->receive_end();
    pair.client.look();
    CHECK(pair.client.notes.back() == "failed 1 lost");
  }
  SECTION("before it saw a stream, says so") {
    pair.client.session->open(request("GET", "/3"), {});
    pair.client.written();  // lost on the way
    pair.client.receive(frame(7, 0, 0, std::string("\0\0\0\x01\0\0\0\0", 8)));
    CHECK(pair.client.notes == Notes{"failed 3 refused not processed"});
    CHECK_FALSE(pair.client.session->finished());
  }
}

TEST_CASE("an idle connection of a draining server finishes", "[http][http2]") {
  Pair pair(Version::kHttp2);
  pair.pump();
  pair.server.session->drain();
  pair.pump();
  CHECK(pair.server.session->finished());
  CHECK(pair.client.session->finished());
}

TEST_CASE("a ping is answered", "[http][http2]") {
  Pair pair(Version::kHttp2);
  pair.pump();
  CHECK(pair.client.session->ping());
  CHECK(pair.client.session->ping_unanswered());
  pair.pump();
  CHECK_FALSE(pair.client.session->ping_unanswered());
}

TEST_CASE("a server announces its limits", "[http][http2]") {
  ServerEnd server;
  server.session = make_http2_server(server.settings, server.date);
  const std::string settings = server.written();
  REQUIRE(types(settings) == "4 8");
  // id 3 = 200 streams, 4 = 65535 window, 5 = 16384 frame, 6 = 16384 header list
  CHECK(settings.substr(9, 24) ==
        std::string("\0\3\0\0\0\xc8\0\4\0\0\xff\xff\0\5\0\0\x40\0\0\6\0\0\x40\0", 24));
}

TEST_CASE("a client announces its windows", "[http][http2]") {
  ClientEnd client;
  client.session = make_http2_client(client.settings);
  const std::string first = client.written();
  REQUIRE(first.substr(0, kMagic.size()) == kMagic);
  CHECK(types(std::string_view(first).substr(kMagic.size())) == "4 8");
  CHECK(first.substr(kMagic.size() + 9, 18) ==
        std::string("\0\2\0\0\0\0\0\4\0\x20\0\0\0\5\0\0\x40\0", 18));
  // WINDOW_UPDATE +5177345: from 65535 to 5 MiB.
  CHECK(first.substr(first.size() - 4) == std::string("\0\x4f\0\1", 4));
}

TEST_CASE("a server survives what is no HTTP/2", "[http][http2]") {
  ServerEnd server;
  server.session = make_http2_server(server.settings, server.date);
  SECTION("a wrong preface") { server.receive("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"); }
  SECTION("no SETTINGS first") { server.receive(kMagic + frame(6, 0, 0, "12345678")); }
  SECTION("a frame that is too long") {
    server.receive(kMagic + frame(4, 0, 0, "") + frame(0, 0, 1, std::string(20'000, 'x')));
  }
  SECTION("headers that are no HPACK") {
    server.receive(kMagic + frame(4, 0, 0, "") + frame(1, 4, 1, "\xff\xff\xff\xff\xff\xff\xff"));
  }
  SECTION("a stream of the wrong parity") {
    server.receive(kMagic + frame(4, 0, 0, "") + frame(1, 5, 2, "\x82\x84\x86"));
  }
  const std::string last = server.written();
  CHECK(types(last).find('7') != std::string::npos);
  CHECK(server.session->finished());
  CHECK(server.notes.empty());
}

TEST_CASE("a malformed request costs its stream only", "[http][http2]") {
  ServerEnd server;
  server.session = make_http2_server(server.settings, server.date);
  // Indexed fields: 2 = :method GET, 4 = :path /, 6 = :scheme http; 1 = :authority, a literal.
  server.receive(kMagic + frame(4, 0, 0, "") + frame(1, 5, 1, "\x82") +
                 frame(1, 5, 3,
                       "\x82\x84\x86\x41\x01"
                       "a"));
  CHECK(server.notes == Notes{"request 3 GET / ends"});
  CHECK(types(server.written()) == "4 4 8 3");
  CHECK_FALSE(server.session->finished());
}

TEST_CASE("headers beyond the limit are refused with 431", "[http][http2]") {
  Pair pair(Version::kHttp2);
  RequestHead head = request("GET", "/");
  for (int i = 0; i < 5; ++i) head.headers.add("x" + std::to_string(i), std::string(4000, 'a'));
  pair.client.session->open(head, {});
  pair.pump();
  CHECK(pair.server.notes.empty());
  CHECK(pair.client.head().status == 431);
  CHECK(pair.client.notes.back() == "closed 1");
  pair.client.session->open(request("GET", "/"), {});
  pair.pump();
  CHECK(pair.server.notes == Notes{"request 3 GET / ends"});
}

TEST_CASE("what is slow is named and cut off", "[http][http2]") {
  Pair pair(Version::kHttp2);
  pair.pump();
  CHECK(pair.server.session->waiting() == Waiting::kRequest);
  SECTION("a body") {
    pair.client.session->open(request("POST", "/"));
    pair.pump();
    CHECK(pair.server.session->waiting() == Waiting::kBody);
    const StreamId busy = pair.client.session->open(request("POST", "/busy"));
    const StreamId paused = pair.client.session->open(request("POST", "/paused"));
    pair.pump();
    pair.server.session->set_paused(paused, true);
    for (std::uint32_t i = 0; i <= kBodyLooks; ++i) {
      CHECK(pair.client.events.empty());
      pair.client.session->write(busy, Bytes("x"));
      pair.pump();
      pair.server.session->time_out();
    }
    pair.pump();
    CHECK(pair.server.notes.back() == "closed 1");
    CHECK(pair.client.head().status == 408);
    CHECK(pair.client.notes.back() == "closed 1");
    CHECK_FALSE(pair.server.session->finished());
  }
  SECTION("a body whose answer has begun") {
    const StreamId id = pair.client.session->open(request("POST", "/"));
    pair.pump();
    pair.server.session->start(id, {200, {}});
    pair.pump();
    for (std::uint32_t i = 0; i <= kBodyLooks; ++i) pair.server.session->time_out();
    pair.pump();
    CHECK(pair.server.notes.back() == "closed 1");
    CHECK(pair.client.notes.back() == "failed 1 reset");
  }
  SECTION("a connection that nobody uses") {
    pair.server.session->time_out();
    pair.pump();
    CHECK(pair.server.session->finished());
  }
  SECTION("a head") {
    pair.server.receive(frame(1, 0, 1, "\x82"));  // no END_HEADERS
    CHECK(pair.server.session->waiting() == Waiting::kHead);
    pair.server.session->time_out();
    pair.server.written();
    CHECK(pair.server.session->finished());
  }
}

TEST_CASE("a large response does not leave in one gulp", "[http][http2]") {
  Pair pair(Version::kHttp2);
  const StreamId id = pair.client.session->open(request("GET", "/"), {});
  pair.pump();
  const Bytes body(std::string(1'000'000, 'x'));
  pair.server.session->respond(id, {200, {}}, body);
  ByteChain out;
  pair.server.session->collect(out, 100'000);
  CHECK(total_size(out) <= 120'000);
  CHECK(pair.server.session->wants_write());
  // And its pieces are slices of the one buffer.
  bool shares = false;
  for (const Bytes& piece : out) {
    shares |= piece.data() >= body.data() && piece.data() < body.data() + body.size();
  }
  CHECK(shares);
}
