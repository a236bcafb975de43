#include "http/machine/client_session.h"

#include "sessions.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;

namespace {

ClientEnd make_client() {
  ClientEnd client;
  return client;
}

void open(ClientEnd& client) { client.session = make_http1_client(client.settings); }

}  // namespace

TEST_CASE("requests over HTTP/1.1 look like this", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  RequestHead head = request("POST", "/invoke/S/h");
  head.headers = {{"accept", "a"}, {"host", "ignored"}, {"transfer-encoding", "ignored"}};

  SECTION("an open body is chunked") {
    const StreamId id = client.session->open(head);
    client.session->write(id, "hello");
    client.session->finish(id);
    CHECK(client.written() ==
          "POST /invoke/S/h HTTP/1.1\r\nhost: example.test\r\naccept: a\r\n"
          "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  }
  SECTION("a complete one has a length") {
    client.session->open(head, "hello");
    CHECK(client.written() ==
          "POST /invoke/S/h HTTP/1.1\r\nhost: example.test\r\naccept: a\r\n"
          "content-length: 5\r\n\r\nhello");
  }
  SECTION("GET has none") {
    client.session->open(request("GET", "/discover"), {});
    CHECK(client.written() == "GET /discover HTTP/1.1\r\nhost: example.test\r\n\r\n");
  }
}

TEST_CASE("responses over HTTP/1.1 end in many ways", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  client.session->open(request("GET", "/"), {});
  client.written();
  const std::size_t piece = GENERATE(1u, 5u, 1000u);

  SECTION("by length") {
    client.receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", piece);
    CHECK(client.session->can_open());
  }
  SECTION("by the last chunk") {
    client.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                   piece);
    CHECK(client.session->can_open());
  }
  SECTION("by the end of the connection") {
    client.receive("HTTP/1.1 200 OK\r\n\r\nhello", piece);
    CHECK(client.notes == Notes{"response 1 200"});
    client.session->receive_end();
    client.look();
    CHECK(client.session->finished());
  }
  SECTION("after an interim one") {
    client.receive(
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        piece);
    CHECK_FALSE(client.head().headers.contains("link"));
  }
  SECTION("for good") {
    client.receive("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", piece);
    CHECK_FALSE(client.session->can_open());
    CHECK(client.session->finished());
  }
  CHECK(client.body == "hello");
  CHECK(client.notes == Notes{"response 1 200", "end 1", "closed 1"});
}

TEST_CASE("the answer to HEAD has no body", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  client.session->open(request("HEAD", "/"), {});
  client.written();
  client.receive("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n");
  CHECK(client.notes == Notes{"response 1 200", "end 1", "closed 1"});
  CHECK(client.session->can_open());
}

TEST_CASE("broken HTTP/1.1 responses fail the stream", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  const StreamId id = client.session->open(request("POST", "/"));
  client.written();
  SECTION("nonsense") {
    client.receive("what?\r\n\r\n");
    CHECK(client.notes == Notes{"failed 1 protocol"});
  }
  SECTION("HTTP/2 frames") {
    client.receive(std::string("\0\0\x12\x04\0\0\0\0\0", 9));
    CHECK(client.notes == Notes{"failed 1 peer speaks http/2"});
  }
  SECTION("nothing at all") {
    client.session->receive_end();
    client.look();
    CHECK(client.notes == Notes{"failed 1 lost"});
  }
  SECTION("half a body") {
    client.receive("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe");
    client.session->receive_end();
    client.look();
    CHECK(client.notes == Notes{"response 1 200", "failed 1 lost"});
  }
  CHECK(client.session->finished());
  CHECK_FALSE(client.session->can_open());
  client.session->write(id, "late");
  CHECK_FALSE(client.session->wants_write());
}

TEST_CASE("a response may be complete before the request", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  const StreamId id = client.session->open(request("POST", "/"));
  client.session->write(id, "a");
  client.written();
  client.receive("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
  CHECK(client.notes == Notes{"response 1 200", "end 1"});
  CHECK_FALSE(client.session->can_open());
  SECTION("then the connection is free when the request is, too") {
    client.session->finish(id);
    client.written();
    CHECK(client.notes.back() == "closed 1");
    CHECK(client.session->can_open());
  }
  SECTION("or lost when the owner has lost interest") {
    client.session->reset(id);
    CHECK(client.session->finished());
  }
  SECTION("or over when the peer leaves") {
    client.session->receive_end();
    client.look();
    CHECK(client.notes.back() == "closed 1");
    CHECK(client.session->finished());
  }
}

TEST_CASE("an idle connection that speaks up is not used again", "[http][http1]") {
  ClientEnd client = make_client();
  open(client);
  client.receive("HTTP/1.1 408 Request Timeout\r\n\r\n");
  CHECK_FALSE(client.session->can_open());
  CHECK(client.session->finished());
}
