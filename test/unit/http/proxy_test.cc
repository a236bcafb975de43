#include "http/proxy.h"
#include "drivers.h"
#include "support/catch.h"

#include <map>

using namespace restate;
using namespace restate::http;
using namespace restate::http::testing;
using namespace std::chrono_literals;

namespace {

/// A proxy on a node of its own: answers CONNECT with `status`, and digs the tunnel if that is 200.
class FakeProxy {
 public:
  explicit FakeProxy(restate::testing::Node& node) : shard_(node.shard(0)) {
    listener_ =
        shard_.network()
            .listen({.host = "proxy", .port = 3128, .unix_path = {}},
                    [this](std::unique_ptr<Stream> stream) {
                      tunnels_.push_back(std::make_unique<Tunnel>(*this, std::move(stream)));
                    })
            .value();
  }

  int status = 200;
  std::string before_tunnel;  ///< said together with the answer
  bool silent = false;
  std::vector<std::string> requests;
  std::size_t tunnels() const { return tunnels_.size(); }
  void hang_up() { tunnels_.clear(); }

 private:
  /// One end of the tunnel; passes on what it hears.
  struct End final : StreamListener {
    void on_data(std::string_view data) override { heard(data); }
    void on_end() override {
      if (other != nullptr && other->stream) other->stream->shutdown_write();
    }
    void on_error(const Error&) override {
      if (other != nullptr) other->stream.reset();
    }
    std::function<void(std::string_view)> heard;
    std::unique_ptr<Stream> stream;
    End* other = nullptr;
  };
  struct Tunnel {
    Tunnel(FakeProxy& o, std::unique_ptr<Stream> stream) : owner(o) {
      client.stream = std::move(stream);
      client.heard = [this](std::string_view data) { on_request(data); };
      client.stream->start(client);
    }
    void on_request(std::string_view data) {
      request += data;
      if (request.find("\r\n\r\n") == std::string::npos) return;
      owner.requests.push_back(request);
      if (owner.silent) return;
      const std::string answer = "HTTP/1.1 " + std::to_string(owner.status) + " Whatever\r\n\r\n";
      if (owner.status != 200) return client.stream->write({Bytes(answer)});
      const std::string authority = request.substr(8, request.find(' ', 8) - 8);
      const std::size_t colon = authority.rfind(':');
      connecting = owner.shard_.network().connect(
          {.host = authority.substr(0, colon),
           .port = static_cast<std::uint16_t>(std::stoi(authority.substr(colon + 1))),
           .unix_path = {}},
          1s, [this, answer](Result<std::unique_ptr<Stream>> result) {
            if (!result) return client.stream->write({Bytes("HTTP/1.1 502 No\r\n\r\n")});
            server.stream = *std::move(result);
            client.other = &server;
            server.other = &client;
            client.heard = [this](std::string_view bytes) { server.stream->write({Bytes(bytes)}); };
            server.heard = [this](std::string_view bytes) { client.stream->write({Bytes(bytes)}); };
            server.stream->start(server);
            client.stream->write({Bytes(answer + owner.before_tunnel)});
          });
    }
    FakeProxy& owner;
    std::string request;
    std::unique_ptr<Connecting> connecting;
    End client, server;
  };

  Shard& shard_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::unique_ptr<Listener> listener_;
};

BufferedHandler mirror() {
  return BufferedHandler(kMaxBodyBytes, [](const RequestHead& head, Bytes body,
                                           Responder responder) {
    responder.respond(200, "text/plain", Bytes(head.method + " " + head.target + " " + body.str()));
  });
}

struct ProxiedSite {
  explicit ProxiedSite(ClientOptions options = behind_proxy()) : site(handler, {}, options) {}
  static ClientOptions behind_proxy() {
    ClientOptions options;
    options.proxy = parse_proxy("http://me:p%40ss@proxy:3128").value();
    options.connect_timeout = 5s;
    return options;
  }
  std::vector<std::string> ask(Heard& heard, Protocol protocol, Bytes body = "hello") {
    site.send(heard, protocol, "POST", "/x", std::move(body));
    REQUIRE(site.run_until([&] { return heard.done; }));
    std::erase(heard.notes, "drained");
    return heard.notes;
  }

  BufferedHandler handler = mirror();
  Site site;
  restate::testing::Node& node = site.world.add_node({.host = "proxy"});
  FakeProxy proxy{node};
};

}  // namespace

TEST_CASE("requests go through the proxy's tunnel", "[http][proxy]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  ProxiedSite proxied;
  Heard first, second;
  CHECK(proxied.ask(first, protocol) == std::vector<std::string>{"head 200", "end"});
  CHECK(first.body == "POST /x hello");
  CHECK(proxied.proxy.requests ==
        std::vector<std::string>{"CONNECT server:8080 HTTP/1.1\r\nhost: server:8080\r\n"
                                 "proxy-authorization: Basic bWU6cEBzcw==\r\n\r\n"});
  // The tunnel is a connection like any other: the next request uses it, too.
  const std::string large(1 << 20, 'x');
  CHECK(proxied.ask(second, protocol, Bytes(large)) == std::vector<std::string>{"head 200", "end"});
  CHECK(second.body == "POST /x " + large);
  CHECK(proxied.proxy.tunnels() == 1);
}

TEST_CASE("some hosts are reached directly", "[http][proxy]") {
  ClientOptions options = ProxiedSite::behind_proxy();
  options.no_proxy = "other,server";
  ProxiedSite proxied(options);
  Heard heard;
  CHECK(proxied.ask(heard, Protocol::kHttp2) == std::vector<std::string>{"head 200", "end"});
  CHECK(proxied.proxy.tunnels() == 0);
}

TEST_CASE("what comes with the proxy's answer belongs to the tunnel", "[http][proxy]") {
  ProxiedSite proxied;
  // The SETTINGS of a hasty HTTP/2 server, empty, before its own.
  proxied.proxy.before_tunnel = std::string("\0\0\0\4\0\0\0\0\0", 9);
  Heard heard;
  CHECK(proxied.ask(heard, Protocol::kHttp2) == std::vector<std::string>{"head 200", "end"});
}

TEST_CASE("a proxy that does not dig is a failed connect", "[http][proxy]") {
  ProxiedSite proxied;
  Heard heard;
  std::string reason;
  SECTION("it refuses") {
    proxied.proxy.status = 407;
    reason = "the proxy http://proxy:3128/: refused with status 407";
  }
  SECTION("it cannot reach the host") {
    proxied.site.server.reset();
    reason = "the proxy http://proxy:3128/: refused with status 502";
  }
  SECTION("it says nothing") {
    proxied.proxy.silent = true;
    reason = "the proxy http://proxy:3128/ took too long";
  }
  SECTION("it is not there") {
    proxied.site.world.crash(proxied.node);
    reason = "the proxy http://proxy:3128/: ";
  }
  SECTION("it hangs up") {
    proxied.proxy.silent = true;
    proxied.site.world.after(1s, [&] { proxied.proxy.hang_up(); });
    reason = "the proxy http://proxy:3128/: ";
  }
  CHECK(proxied.ask(heard, Protocol::kHttp2) == std::vector<std::string>{"failed connect"});
  CHECK(heard.failure.not_processed);
  INFO(heard.failure.error.message);
  CHECK(heard.failure.error.message.find("connecting to server:8080: " + reason) == 0);
}

TEST_CASE("a tunnel that breaks is a lost connection", "[http][proxy]") {
  ProxiedSite proxied;
  Heard first, second;
  proxied.ask(first, Protocol::kHttp2);
  proxied.proxy.hang_up();
  proxied.site.world.run_for(1s);
  CHECK(proxied.ask(second, Protocol::kHttp2) == std::vector<std::string>{"head 200", "end"});
  CHECK(proxied.proxy.requests.size() == 2);
}

TEST_CASE("addresses of proxies", "[http][proxy]") {
  CHECK(parse_proxy("http://proxy:3128") == Proxy{"proxy", 3128, ""});
  CHECK(parse_proxy("HTTP://Proxy/") == Proxy{"proxy", 80, ""});
  CHECK(parse_proxy("proxy:3128") == Proxy{"proxy", 3128, ""});
  CHECK(parse_proxy("http://me@[::1]:1") == Proxy{"::1", 1, "Basic bWU="});
  CHECK(parse_proxy("http://me:secret@proxy:1").value().str() == "http://proxy:1/");
  for (const char* text : {"", "socks5://proxy:1", "https://proxy:1", "http://",
                           "http://proxy/path", "http://proxy:99999", "http://proxy?x"}) {
    INFO(text);
    CHECK(parse_proxy(text) == Code::kInvalidArgument);
  }
}

TEST_CASE("hosts that the proxy is not for", "[http][proxy]") {
  const auto exempt = [](std::string_view list, std::string_view host, std::uint16_t port = 80) {
    return is_exempt(list, host, port);
  };
  CHECK_FALSE(exempt("", "a"));
  CHECK(exempt("*", "a"));
  CHECK(exempt("b, A", "a"));
  CHECK(exempt("a", "A"));
  CHECK(exempt("a.b", "x.a.b"));
  CHECK(exempt(".a.b", "x.a.b"));
  CHECK(exempt(".a.b", "a.b"));
  CHECK(exempt("*.a.b", "x.a.b"));
  CHECK_FALSE(exempt("a.b", "xa.b"));
  CHECK_FALSE(exempt("x.a.b", "a.b"));
  CHECK(exempt("a:80", "a", 80));
  CHECK_FALSE(exempt("a:80", "a", 81));
  CHECK(exempt("127.0.0.1", "127.0.0.1"));
  CHECK_FALSE(exempt("127.0.0.1", "x127.0.0.1"));
  CHECK_FALSE(exempt("0.0.1", "127.0.0.1"));
  CHECK(exempt("10.0.0.0/8", "10.1.2.3"));
  CHECK_FALSE(exempt("10.0.0.0/8", "11.1.2.3"));
  CHECK(exempt("10.128.0.0/9", "10.255.0.1"));
  CHECK_FALSE(exempt("10.128.0.0/9", "10.127.0.1"));
  CHECK(exempt("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(exempt("0.0.0.0/0", "a"));
  CHECK_FALSE(exempt("10.0.0.0/33", "10.0.0.0"));
  CHECK(exempt("::1", "::1"));
  CHECK(exempt("[::1]:80", "0:0::1"));
  CHECK_FALSE(exempt("[::1]:81", "::1"));
  CHECK(exempt("fd00::/8", "fd12::1"));
  CHECK_FALSE(exempt("fd00::/8", "10.0.0.1"));
}
