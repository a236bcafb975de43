#include "http/machine/server_session.h"

#include "sessions.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;

namespace {

ServerEnd make_server(ServerSettings settings = {}) {
  ServerEnd server;
  server.settings = settings;
  return server;
}

void open(ServerEnd& server) { server.session = make_http1_server(server.settings, server.date); }

}  // namespace

TEST_CASE("a request may be cut anywhere", "[http][http1]") {
  const std::string request =
      "POST /Greeter/greet?x=1 HTTP/1.1\r\nHost: a.test:8080\r\nContent-Type: text/plain\r\n"
      "X-Empty:\r\nX-Blank: padded \t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: ignored\r\n\r\n";
  for (std::size_t cut = 0; cut <= request.size(); ++cut) {
    CAPTURE(cut);
    ServerEnd server = make_server();
    open(server);
    server.receive(request.substr(0, cut));
    server.receive(request.substr(cut));
    REQUIRE(server.notes.size() == (cut == 0 || cut == request.size() ? 2 : server.notes.size()));
    CHECK(server.body == "hello world");
    CHECK(server.notes.back() == "end 1");
    CHECK(server.head().method == "POST");
    CHECK(server.head().target == "/Greeter/greet?x=1");
    CHECK(server.head().path() == "/Greeter/greet");
    CHECK(server.head().query() == "x=1");
    CHECK(server.head().authority == "a.test:8080");
    CHECK(server.head().version == Version::kHttp11);
    CHECK(server.head().headers.find("content-type") == "text/plain");
    CHECK(server.head().headers.find("x-empty") == "");
    CHECK(server.head().headers.find("x-blank") == "padded");
    CHECK_FALSE(server.head().headers.contains("trailer"));
  }
  SECTION("down to single bytes") {
    ServerEnd server = make_server();
    open(server);
    server.receive(request, 1);
    CHECK(server.body == "hello world");
    CHECK(server.notes == Notes{"request 1 POST /Greeter/greet?x=1", "end 1"});
  }
}

TEST_CASE("a whole response carries length and date", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  REQUIRE(server.notes == Notes{"request 1 GET / ends"});

  SECTION("with a body") {
    server.session->respond(1, {200, {{"content-type", "text/plain"}}}, "hi");
    CHECK(server.written() ==
          "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n"
          "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nhi");
    CHECK(server.notes.back() == "closed 1");
    CHECK_FALSE(server.session->finished());
  }
  SECTION("204 has no length") {
    server.session->respond(1, {204, {}}, "dropped");
    CHECK(server.written() ==
          "HTTP/1.1 204 No Content\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
  }
  SECTION("headers cannot break out of their line, nor take over the framing") {
    server.session->respond(1,
                            {200,
                             {{"x-evil", "a\r\nset-cookie: b"},
                              {"bad name", "x"},
                              {"connection", "close"},
                              {"content-length", "99"},
                              {"Transfer-Encoding", "chunked"}}},
                            "hi");
    CHECK(server.written() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
          "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nhi");
  }
  SECTION("in pieces it is chunked") {
    server.session->start(1, {200, {}});
    server.session->write(1, "hello");
    CHECK(server.written() ==
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
          "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n5\r\nhello\r\n");
    server.session->finish(1);
    CHECK(server.written() == "0\r\n\r\n");
    CHECK(server.notes.back() == "closed 1");
  }
  SECTION("in pieces of an announced length it is not, and cannot exceed it") {
    server.session->start(1, {200, {{"content-length", "3"}}});
    server.session->write(1, "hello");
    server.session->finish(1);
    CHECK(server.written() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"
          "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nhel");
    CHECK_FALSE(server.session->finished());
  }
  SECTION("a body that is shorter than announced ends the connection") {
    server.session->start(1, {200, {{"content-length", "30"}}});
    server.session->write(1, "hello");
    server.session->finish(1);
    server.written();
    CHECK(server.session->finished());
  }
  SECTION("a large body is handed on without a copy") {
    const Bytes body(std::string(100'000, 'x'));
    server.session->respond(1, {200, {}}, body);
    ByteChain chain;
    server.session->collect(chain, 1 << 20);
    REQUIRE(chain.size() == 2);
    CHECK(chain[1].data() == body.data());
  }
  SECTION("a stream that is gone is not answered twice") {
    server.session->respond(1, {200, {}}, "");
    server.session->respond(1, {500, {}}, "again");
    server.session->write(1, "more");
    CHECK(server.written().find("500") == std::string::npos);
    server.session->respond(1, {500, {}}, "again");
    server.session->reset(1);
    CHECK(server.written().empty());
    CHECK_FALSE(server.session->finished());
  }
}

TEST_CASE("HEAD gets the head of the answer only", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("HEAD / HTTP/1.1\r\n\r\n");
  server.session->respond(1, {405, {}}, "12345");
  CHECK(server.written() ==
        "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 5\r\n"
        "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST_CASE("pipelined requests are answered in order", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  const std::string three =
      "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\n\r\n";
  const std::size_t piece = GENERATE(1u, 7u, 1000u);
  server.receive(three, piece);
  CHECK(server.notes == Notes{"request 1 GET /1 ends"});
  CHECK_FALSE(server.session->wants_read());
  server.session->respond(1, {200, {}}, "one");
  CHECK(server.written().find("one") != std::string::npos);
  REQUIRE(server.notes.size() >= 3);
  CHECK(server.notes[1] == "closed 1");
  CHECK(server.notes[2] == "request 2 POST /2");
  CHECK(server.body == "abc");
  server.session->respond(2, {200, {}}, "two");
  server.written();
  CHECK(server.notes.back() == "request 3 GET /3 ends");
  CHECK(server.session->wants_read());
  server.session->respond(3, {200, {}}, "three");
  server.written();
  CHECK(server.notes.back() == "closed 3");
  CHECK(server.session->waiting() == Waiting::kRequest);
}

TEST_CASE("who says close gets close", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  SECTION("Connection: close") {
    server.receive("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    server.session->respond(1, {200, {}}, "x");
    CHECK(server.written().find("connection: close\r\n") != std::string::npos);
    CHECK(server.session->finished());
  }
  SECTION("HTTP/1.0") {
    server.receive("GET / HTTP/1.0\r\n\r\n");
    CHECK(server.head().version == Version::kHttp10);
    server.session->respond(1, {200, {}}, "x");
    CHECK(server.written().substr(0, 17) == "HTTP/1.0 200 OK\r\n");
    CHECK(server.session->finished());
  }
  SECTION("HTTP/1.0 with keep-alive does not") {
    server.receive("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    server.session->respond(1, {200, {}}, "x");
    CHECK(server.written().find("connection: keep-alive\r\n") != std::string::npos);
    CHECK_FALSE(server.session->finished());
  }
  SECTION("a stream to HTTP/1.0 ends with the connection") {
    server.receive("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    server.session->start(1, {200, {}});
    server.session->write(1, "abc");
    server.session->finish(1);
    CHECK(server.written() ==
          "HTTP/1.0 200 OK\r\n"
          "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nabc");
    CHECK(server.session->finished());
  }
  SECTION("a draining server says it itself") {
    server.receive("GET / HTTP/1.1\r\n\r\n");
    server.session->drain();
    CHECK_FALSE(server.session->finished());
    server.session->respond(1, {200, {}}, "x");
    CHECK(server.written().find("connection: close\r\n") != std::string::npos);
    CHECK(server.session->finished());
  }
  SECTION("an idle connection of a draining server is finished") {
    server.session->drain();
    CHECK(server.session->finished());
  }
}

TEST_CASE("requests of all shapes are understood", "[http][http1]") {
  struct Case {
    std::string text, target, authority;
  };
  const auto c = GENERATE(
      Case{"GET / HTTP/1.1\nHost: bare\n\n", "/", "bare"},
      Case{"GET /x HTTP/1.1\r\n\r\n", "/x", ""}, Case{"\r\n\r\nGET /x HTTP/1.1\r\n\r\n", "/x", ""},
      Case{"GET http://abs.test:81/p?q=1 HTTP/1.1\r\nhost: other\r\n\r\n", "/p?q=1", "abs.test:81"},
      Case{"GET http://abs.test HTTP/1.1\r\n\r\n", "/", "abs.test"},
      Case{"GET http://abs.test?q HTTP/1.1\r\n\r\n", "/?q", "abs.test"},
      Case{"OPTIONS * HTTP/1.1\r\n\r\n", "*", ""},
      Case{"CONNECT a.test:443 HTTP/1.1\r\n\r\n", "", "a.test:443"},
      Case{"GET /up HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
           "/up", ""});
  CAPTURE(c.text);
  ServerEnd server = make_server();
  open(server);
  server.receive(c.text + "GET /next HTTP/1.1\r\n\r\n");
  REQUIRE(server.notes.size() == 1);
  CHECK(server.head().target == c.target);
  CHECK(server.head().authority == c.authority);
  server.session->respond(1, {200, {}}, "");
  server.written();
  CHECK(server.notes.back() == "request 2 GET /next ends");
}

TEST_CASE("bare line ends may be cut and mixed", "[http][http1]") {
  const std::string text =
      "\n\nPOST /x HTTP/1.1\nhost: a\r\nx: y\ncontent-length: 6\n\na\nb\r\nc"
      "POST /x HTTP/1.1\r\nhost: a\nx: y\ncontent-length: 6\r\n\r\na\nb\r\nc";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    ServerEnd server = make_server();
    open(server);
    server.receive(text.substr(0, cut));
    if (cut > text.size() / 2) {
      server.session->respond(1, {200, {}}, "");
      server.written();
    }
    server.receive(text.substr(cut));
    server.session->respond(1, {200, {}}, "");
    server.written();
    REQUIRE(server.body == "a\nb\r\nca\nb\r\nc");
    CHECK(server.head(0).headers == server.head(1).headers);
    CHECK(server.head(0).headers == Headers{{"host", "a"}, {"x", "y"}, {"content-length", "6"}});
  }
  SECTION("down to single bytes") {
    ServerEnd server = make_server();
    open(server);
    server.receive(text, 1);
    server.session->respond(1, {200, {}}, "");
    server.written();
    CHECK(server.body == "a\nb\r\nca\nb\r\nc");
  }
}

TEST_CASE("any word is a method", "[http][http1]") {
  const std::string method =
      GENERATE(as<std::string>(), "GET", "POST", "FOO", "post", "M-SEARCH", "DESCRIBE", "PRI", "!");
  const std::string text = method + " /m HTTP/1.1\r\n\r\n" + method + " /n HTTP/1.1\r\n\r\n";
  ServerEnd server = make_server();
  open(server);
  SECTION("in one piece") { server.receive(text); }
  SECTION("letter by letter") {
    for (const char c : text) server.receive(std::string(1, c));
  }
  CHECK(server.notes == Notes{"request 1 " + method + " /m ends"});
  server.session->respond(1, {405, {}}, {});
  server.written();
  CHECK(server.notes.back() == "request 2 " + method + " /n ends");
}

TEST_CASE("a client that leaves in the middle of a method has asked nothing", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("GE");
  CHECK(server.session->waiting() == Waiting::kHead);
  server.session->receive_end();
  CHECK(server.session->finished());
  CHECK(server.notes.empty());
}

TEST_CASE("nonsense gets 400 and the door", "[http][http1]") {
  const std::string text = GENERATE(
      as<std::string>(), "GET /a b HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nbroken header\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
      "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "GET / HTTP/3.7\r\n\r\n",
      " / HTTP/1.1\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n", std::string(65, 'a') + " / HTTP/1.1\r\n\r\n",
      std::string("\0\1\2 foo\r\n\r\n", 11), "POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n");
  CAPTURE(text);
  ServerEnd server = make_server();
  open(server);
  server.receive(text);
  CHECK(server.notes.empty());
  CHECK(server.written() ==
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n"
        "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
  CHECK(server.session->finished());
  server.receive("GET / HTTP/1.1\r\n\r\n");
  CHECK(server.notes.empty());
}

TEST_CASE("a broken body ends the exchange", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
  SECTION("with what the owner has to say, if nothing was answered yet") {
    server.receive("zz\r\n");
    server.receive("GET /smuggled HTTP/1.1\r\n\r\n");
    CHECK(server.notes == Notes{"request 1 POST /", "body failed 1"});
    CHECK_FALSE(server.session->finished());
    server.session->respond(1, {500, {}}, "cannot read body");
    const std::string answer = server.written();
    CHECK(answer.substr(0, 13) == "HTTP/1.1 500 ");
    CHECK(answer.find("connection:") == std::string::npos);
    CHECK(server.notes.back() == "closed 1");
    CHECK(server.session->finished());
  }
  SECTION("abruptly, if the answer has begun") {
    server.session->start(1, {200, {}});
    server.written();
    server.receive("zz\r\n");
    CHECK(server.notes.back() == "closed 1");
    CHECK(server.written().empty());
    CHECK(server.session->finished());
  }
  SECTION("without a word, if the answer is out") {
    server.session->respond(1, {200, {}}, "x");
    server.receive("zz\r\n");
    CHECK(server.written().substr(0, 13) == "HTTP/1.1 200 ");
    CHECK(server.session->finished());
  }
}

TEST_CASE("of two announced lengths the chunks win, and nothing may follow", "[http][http1]") {
  const std::string heads =
      GENERATE(as<std::string>(), "content-length: 5\r\ntransfer-encoding: chunked\r\n",
               "transfer-encoding: chunked\r\ncontent-length: 5\r\n");
  ServerEnd server = make_server();
  open(server);
  server.receive("POST / HTTP/1.1\r\n" + heads +
                 "\r\n1\r\nx\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
  CHECK(server.body == "x");
  CHECK(server.notes == Notes{"request 1 POST /", "end 1"});
  CHECK_FALSE(server.head().content_length());
  server.session->respond(1, {200, {}}, "ok");
  CHECK(server.written().find("connection: close") != std::string::npos);
  CHECK(server.notes.back() == "closed 1");
  CHECK(server.session->finished());
}

TEST_CASE("heads have limits", "[http][http1]") {
  ServerEnd server = make_server({.max_head_bytes = 100});
  open(server);
  SECTION("bytes") { server.receive("GET / HTTP/1.1\r\nx: " + std::string(200, 'a') + "\r\n\r\n"); }
  SECTION("bytes of a target") {
    server.settings = {};
    open(server);
    server.receive("GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\n\r\n");
    CHECK(server.written().substr(0, 26) == "HTTP/1.1 414 URI Too Long\r");
    CHECK(server.session->finished());
    return;
  }
  SECTION("which are generous") {
    server.settings = {};
    open(server);
    std::string text = "GET /" + std::string(60'000, 'a') + " HTTP/1.1\r\n";
    for (std::size_t i = 0; i < kMaxHeaders; ++i) text += "a: b\r\n";
    server.receive(text + "\r\n");
    CHECK(server.notes.size() == 1);
    return;
  }
  SECTION("headers") {
    server.settings.max_head_bytes = 1 << 20;
    open(server);
    std::string text = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i <= kMaxHeaders; ++i) text += "a: b\r\n";
    server.receive(text + "\r\n");
  }
  CHECK(server.written().substr(0, 13) == "HTTP/1.1 431 ");
  CHECK(server.session->finished());
}

TEST_CASE("100 Continue goes to who asked and still waits", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  const std::string head = "POST / HTTP/1.1\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n";
  SECTION("it waits") {
    server.receive(head);
    CHECK(server.written() == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(server.written().empty());
    server.receive("abc");
    CHECK(server.body == "abc");
    server.session->respond(1, {200, {}}, "");
    server.written();
    CHECK_FALSE(server.session->finished());
  }
  SECTION("it has sent the body already") {
    server.receive(head + "abc");
    CHECK(server.written().empty());
  }
  SECTION("it is turned away, and nobody knows what follows") {
    server.receive(head);
    server.session->respond(1, {413, {}}, "");
    CHECK(server.written().find("connection: close") != std::string::npos);
    CHECK(server.session->finished());
  }
}

TEST_CASE("an answer may come before the body", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  SECTION("a short rest is thrown away") {
    server.receive("POST / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc");
    server.session->respond(1, {404, {}}, "");
    CHECK(server.written().find("connection: close") == std::string::npos);
    CHECK(server.notes.back() == "closed 1");
    server.receive("defGET /next HTTP/1.1\r\n\r\n");
    CHECK(server.body == "abc");
    CHECK(server.notes.back() == "request 2 GET /next ends");
  }
  SECTION("a long rest is not waited for") {
    server.receive("POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nabc");
    server.session->respond(1, {413, {}}, "");
    CHECK(server.written().find("connection: close") != std::string::npos);
    CHECK(server.session->finished());
  }
  SECTION("nor is one that turns out to be long") {
    server.receive("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
    server.session->respond(1, {413, {}}, "");
    server.written();
    CHECK_FALSE(server.session->finished());
    for (int i = 0; i < 9; ++i) server.receive("8000\r\n" + std::string(0x8000, 'x') + "\r\n");
    CHECK(server.session->finished());
  }
}

TEST_CASE("a client that leaves ends what it waited for", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  SECTION("in the middle of its request") {
    server.receive("POST / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc");
    server.session->receive_end();
    server.look();
    CHECK(server.notes.back() == "closed 1");
    CHECK(server.session->finished());
  }
  SECTION("while it waits") {
    server.receive("GET / HTTP/1.1\r\n\r\n");
    CHECK(server.session->wants_read());
    server.session->receive_end();
    server.look();
    CHECK(server.notes.back() == "closed 1");
  }
  SECTION("but not what was said already") {
    server.receive("GET / HTTP/1.1\r\n\r\n");
    server.session->respond(1, {200, {}}, "bye");
    server.session->receive_end();
    CHECK(server.written().find("bye") != std::string::npos);
    CHECK(server.session->finished());
  }
}

TEST_CASE("a reset closes the connection", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("GET / HTTP/1.1\r\n\r\n");
  server.session->start(1, {200, {}});
  server.session->reset(1);
  server.look();
  CHECK(server.notes.back() == "closed 1");
  CHECK(server.session->finished());
}

TEST_CASE("what a connection waits for has a name", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  CHECK(server.session->waiting() == Waiting::kRequest);
  server.receive("POST / HT");
  CHECK(server.session->waiting() == Waiting::kHead);
  SECTION("a head that never ends is refused") {
    server.session->time_out();
    CHECK(server.written().substr(0, 13) == "HTTP/1.1 408 ");
    CHECK(server.session->finished());
    return;
  }
  server.receive("TP/1.1\r\ncontent-length: 3\r\n\r\na");
  CHECK(server.session->waiting() == Waiting::kBody);
  SECTION("a body that never ends is refused") {
    server.session->time_out();
    CHECK(server.written().substr(0, 13) == "HTTP/1.1 408 ");
    CHECK(server.notes.back() == "closed 1");
  }
  SECTION("unless it is held back by us") {
    server.session->set_paused(1, true);
    CHECK(server.session->waiting() == Waiting::kNothing);
    CHECK_FALSE(server.session->wants_read());
    server.session->set_paused(1, false);
    CHECK(server.session->waiting() == Waiting::kBody);
    server.receive("bc");
    CHECK(server.session->waiting() == Waiting::kNothing);
  }
}

TEST_CASE("a slow reader is noticed and forgiven", "[http][http1]") {
  ServerEnd server = make_server();
  open(server);
  server.receive("GET / HTTP/1.1\r\n\r\n");
  server.session->start(1, {200, {}});
  for (int i = 0; i < 10; ++i) server.session->write(1, Bytes(std::string(50'000, 'x')));
  CHECK(server.session->unsent(1) > kHighWater);
  ByteChain out;
  server.session->collect(out, 300'000);
  server.look();
  CHECK(server.notes.back() == "request 1 GET / ends");
  server.session->collect(out, 300'000);
  server.look();
  CHECK(server.notes.back() == "drained 1");
  CHECK(server.session->unsent(1) == 0);
}

TEST_CASE("the first bytes tell the protocol", "[http]") {
  const std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (std::size_t size = 0; size < preface.size(); ++size) {
    CHECK(detect_preface(preface.substr(0, size)) == Preface::kNeedMore);
  }
  CHECK(detect_preface(preface) == Preface::kHttp2);
  CHECK(detect_preface(std::string(preface) + "more") == Preface::kHttp2);
  CHECK(detect_preface("GET") == Preface::kHttp1);
  CHECK(detect_preface("PRO") == Preface::kHttp1);
  CHECK(detect_preface("PRI * HTTP/1.1\r\n") == Preface::kHttp1);
}
