#include "connect/tls.h"

#include "certificates.h"
#include "support/catch.h"
#include "unit/http/drivers.h"

#include <cstdlib>

using namespace restate;
using namespace restate::connect;
using namespace restate::http;
using namespace restate::http::testing;
using connect::testing::Certificates;
using namespace std::chrono_literals;

namespace {

/// Both ends of TLS, with an authority that the client trusts through the environment.
struct Ends {
  explicit Ends(const std::string& names = "DNS:server", long valid_seconds = 3600,
                bool trusted = true) {
    certificates.issue("server", names, valid_seconds);
    setenv("SSL_CERT_FILE", certificates.certificate(trusted ? "authority" : "server").c_str(), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    connector = make_tls_connector().value();
    acceptor = make_tls_acceptor({.certificate_file = certificates.certificate("server"),
                                  .key_file = certificates.key("server")})
                   .value();
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
  }
  Certificates certificates;
  std::unique_ptr<TlsConnector> connector;
  std::unique_ptr<TlsAcceptor> acceptor;
};

struct SecureSite : Site {
  SecureSite(ServerHandler& handler, Ends& ends, TlsAcceptor* acceptor)
      : Site(handler, options(acceptor), client_options(ends)) {}
  static ServerOptions options(TlsAcceptor* acceptor) {
    ServerOptions options;
    options.tls = acceptor;
    return options;
  }
  static ClientOptions client_options(Ends& ends) {
    ClientOptions options;
    options.tls = ends.connector.get();
    return options;
  }
  void send(Heard& heard, Protocol protocol, Bytes body = {}, std::string host = "server") {
    Target to = target(protocol);
    to.tls = true;
    to.host = std::move(host);
    RequestHead head;
    head.method = "POST";
    heard.stream = client->start(to, std::move(head), heard);
    heard.stream->write(std::move(body));
    heard.stream->finish();
  }
};

BufferedHandler mirror() {
  return BufferedHandler(kMaxBodyBytes, [](const RequestHead&, Bytes body, Responder responder) {
    responder.respond(200, "", std::move(body));
  });
}

}  // namespace

TEST_CASE("TLS carries both protocols", "[connect][tls]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2, Protocol::kAny);
  Ends ends;
  BufferedHandler handler = mirror();
  SecureSite site(handler, ends, ends.acceptor.get());
  Heard small;
  site.send(small, protocol, "hello");
  REQUIRE(site.run_until([&] { return small.done; }));
  CHECK(small.notes == std::vector<std::string>{"head 200", "end"});
  CHECK(small.body == "hello");
  // ALPN: both offered, h2 chosen.
  CHECK(small.head.version == (protocol == Protocol::kHttp1 ? Version::kHttp11 : Version::kHttp2));

  SECTION("large bodies too") {
    std::string body;
    for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + ",";
    Heard large;
    site.send(large, protocol, Bytes(body));
    REQUIRE(site.run_until([&] { return large.done; }, 2min));
    CHECK((large.body == body));
    CHECK(site.client->connections() == 1);
  }
  SECTION("and the end") {
    bool closed = false;
    site.server->close(
        5s, Completion<void>(site.server_node.shard(0), [&](Result<void>) { closed = true; }));
    REQUIRE(site.run_until([&] { return closed; }));
    REQUIRE(site.run_until([&] { return site.client->connections() == 0; }));
  }
}

TEST_CASE("a slow reader slows a TLS writer", "[connect][tls]") {
  Ends ends;
  Requests requests;
  SecureSite site(requests, ends, ends.acceptor.get());
  Heard slow;
  site.send(slow, Protocol::kHttp1);
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
  slow.stream->resume();
  REQUIRE(site.run_until([&] { return *requests.seen[0].drained == 1; }));
  stream.finish();
  REQUIRE(site.run_until([&] { return slow.done; }));
  CHECK(slow.body.size() == sent);
}

TEST_CASE("certificates are checked", "[connect][tls]") {
  BufferedHandler handler = mirror();
  const auto outcome = [&](Ends& ends, const std::string& host = "server") {
    SecureSite site(handler, ends, ends.acceptor.get());
    Heard heard;
    site.send(heard, Protocol::kAny, {}, host);
    REQUIRE(site.run_until([&] { return heard.done; }));
    return heard.failure;
  };
  SECTION("who signed them") {
    Ends ends("DNS:server", 3600, false);
    const Failure failure = outcome(ends);
    CHECK(failure.kind == FailureKind::kTls);
    CHECK(failure.error.code == Code::kUnauthenticated);
    CHECK(failure.not_processed);
  }
  SECTION("for whom") {
    Ends ends("DNS:other");
    CHECK(outcome(ends).error.code == Code::kUnauthenticated);
  }
  SECTION("until when") {
    Ends ends("DNS:server", -60);
    CHECK(outcome(ends).error.code == Code::kUnauthenticated);
  }
  SECTION("a wildcard covers one label") {
    Ends ends("DNS:*.test");
    CHECK(outcome(ends).error.code == Code::kUnauthenticated);
  }
}

TEST_CASE("the two ends may not understand each other", "[connect][tls]") {
  Ends ends;
  BufferedHandler handler = mirror();
  SECTION("TLS meets plain text") {
    SecureSite site(handler, ends, nullptr);
    Heard heard;
    site.send(heard, Protocol::kHttp2);
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.failure.kind == FailureKind::kTls);
    CHECK(heard.failure.error.code != Code::kUnauthenticated);
  }
  SECTION("plain text meets TLS") {
    SecureSite site(handler, ends, ends.acceptor.get());
    Heard heard;
    site.Site::send(heard, Protocol::kHttp1, "GET", "/");
    REQUIRE(site.run_until([&] { return heard.done; }));
    CHECK(heard.notes.size() == 1);
    CHECK(site.server->connections() == 0);
  }
  SECTION("nobody finishes the handshake") {
    SecureSite site(handler, ends, ends.acceptor.get());
    Raw raw;
    site.connect(raw);
    site.world.run_for(29s);
    CHECK(site.server->connections() == 1);
    site.world.run_for(2s);
    CHECK(site.server->connections() == 0);
  }
  SECTION("the other end is silent") {
    SecureSite site(handler, ends, nullptr);
    std::vector<std::unique_ptr<Raw>> peers;
    auto listener = site.server_node.shard(0).network().listen(
        {.host = "server", .port = 81, .unix_path = {}}, [&](std::unique_ptr<Stream> stream) {
          peers.push_back(std::make_unique<Raw>());
          peers.back()->stream = std::move(stream);
          peers.back()->stream->start(*peers.back());
        });
    Heard heard;
    Target target{.tls = true, .host = "server", .port = 81, .protocol = Protocol::kHttp2};
    heard.stream = site.client->start(target, {}, heard);
    site.world.run_for(9s);
    CHECK_FALSE(heard.done);
    REQUIRE(site.run_until([&] { return heard.done; }, 2s));
    CHECK(heard.failure.kind == FailureKind::kTls);
    peers.clear();
  }
}

TEST_CASE("a broken connection under TLS is noticed", "[connect][tls]") {
  Ends ends;
  Requests requests;
  SecureSite site(requests, ends, ends.acceptor.get());
  Heard heard;
  site.send(heard, Protocol::kHttp2);
  REQUIRE(site.run_until([&] { return requests.seen.size() == 1; }));
  SECTION("by the network") { site.world.network().reset(site.client_node, site.server_node); }
  SECTION("by the end of the server") { site.server.reset(); }
  REQUIRE(site.run_until([&] { return heard.done; }));
  CHECK(heard.failure.kind == FailureKind::kLost);
}

TEST_CASE("streams under a bad network end one way or the other", "[connect][tls]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Ends ends;
  BufferedHandler handler = mirror();
  SecureSite site(handler, ends, ends.acceptor.get());
  site.world.network().set_reset_chance(20'000);
  std::vector<std::unique_ptr<Heard>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Heard>());
    site.send(*all.back(), i % 2 == 0 ? Protocol::kHttp1 : Protocol::kHttp2,
              Bytes(std::string(site.world.random().below(20'000), 'x')));
    site.world.run_for(Duration(static_cast<std::int64_t>(site.world.random().below(500'000))));
  }
  for (auto& heard : all) REQUIRE(site.run_until([&] { return heard->done; }, 10min));
}

TEST_CASE("a server's files must fit", "[connect][tls]") {
  Certificates certificates;
  certificates.issue("one", "DNS:one");
  certificates.issue("two", "DNS:two");
  CHECK(make_tls_acceptor({.certificate_file = "/nonexistent", .key_file = "/nonexistent"}) ==
        Code::kInvalidArgument);
  CHECK(make_tls_acceptor({.certificate_file = certificates.certificate("one"),
                           .key_file = certificates.key("two")}) == Code::kInvalidArgument);
  CHECK(make_tls_acceptor({.certificate_file = certificates.certificate("one"),
                           .key_file = certificates.key("one")})
            .has_value());
}
