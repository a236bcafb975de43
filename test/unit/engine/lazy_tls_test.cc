#include "engine/lazy_tls.h"

#include "connect/tls.h"
#include "support/catch.h"
#include "unit/connect/certificates.h"
#include "unit/http/drivers.h"

#include <cstdlib>

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;
using restate::connect::testing::Certificates;

TEST_CASE("the trust store is read for the first connection", "[engine][tls]") {
  Certificates certificates;
  certificates.issue("server", "DNS:server", 3600);
  auto acceptor = connect::make_tls_acceptor({.certificate_file = certificates.certificate("server"),
                                              .key_file = certificates.key("server")})
                      .value();
  engine::LazyTls tls;
  BufferedHandler mirror(kMaxBodyBytes, [](const RequestHead&, Bytes body, Responder responder) {
    responder.respond(200, "", std::move(body));
  });
  ServerOptions server;
  server.tls = acceptor.get();
  ClientOptions client;
  client.tls = &tls;
  Site site(mirror, server, client);
  const auto post = [&](Heard& heard) {
    Target to = site.target(Protocol::kHttp2);
    to.tls = true;
    RequestHead head;
    head.method = "POST";
    heard.stream = site.client->start(to, std::move(head), heard);
    heard.stream->write("hello");
    heard.stream->finish();
    REQUIRE(site.run_until([&] { return heard.done; }));
  };
  // Whom it trusts was not known when it was made.
  setenv("SSL_CERT_FILE", certificates.certificate("authority").c_str(), 1);
  setenv("SSL_CERT_DIR", "/nonexistent", 1);
  Heard first, second;
  post(first);
  unsetenv("SSL_CERT_FILE");
  unsetenv("SSL_CERT_DIR");
  post(second);
  CHECK(first.body == "hello");
  CHECK(second.body == "hello");
}
