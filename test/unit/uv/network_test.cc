#include "host_loop.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

using namespace restate;
using namespace std::chrono_literals;
using test::HostLoop, test::Pair;

namespace {

using Connected = std::optional<Result<std::unique_ptr<Stream>>>;

/// Connects and runs the loop until the answer is there.
Result<std::unique_ptr<Stream>> connect(HostLoop& host, const Address& address,
                                        Duration timeout = 30s) {
  Connected answer;
  auto connecting =
      host.network().connect(address, timeout, [&](auto result) { answer = std::move(result); });
  CHECK(!answer);
  host.run_until([&] { return answer.has_value(); });
  return std::move(*answer);
}

/// A port on which the system completes one handshake and drops all others.
struct FullPort {
  FullPort() {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    listening = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&name), size) == 0);
    REQUIRE(::listen(listening, 0) == 0);
    REQUIRE(::getsockname(listening, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    filler = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::connect(filler, reinterpret_cast<sockaddr*>(&name), size) == 0);
    address = {.host = "127.0.0.1", .port = ntohs(name.sin_port)};
  }
  ~FullPort() {
    ::close(filler);
    ::close(listening);
  }
  int listening, filler;
  Address address;
};

}  // namespace

TEST_CASE("port 0 is answered with the port in use", "[uv][network]") {
  HostLoop host;
  Pair pair(host);
  CHECK(pair.listener->address().host == "127.0.0.1");
  CHECK(pair.listener->address().port != 0);
  CHECK(pair.client->stream->peer() == pair.listener->address().str());
  CHECK(pair.server->stream->peer().starts_with("127.0.0.1:"));
}

TEST_CASE("an address in use is said to be", "[uv][network]") {
  HostLoop host;
  Pair pair(host);
  CHECK(host.network().listen(pair.listener->address(), [](auto) {}) == Code::kAlreadyExists);

  SECTION("until the listener is gone") {
    const Address address = pair.listener->address();
    pair.listener.reset();
    CHECK(host.network().listen(address, [](auto) {}));
  }
  SECTION("also to another runtime that shares ports among its own shards") {
    uv::Runtime other{{.shards = 2, .pool_threads = 1}};
    const Address address = pair.listener->address();
    other.run_on(0, [&] {
      CHECK(other.shard(0).network().listen(address, [](auto) {}) == Code::kAlreadyExists);
    });
  }
}

TEST_CASE("a refused connect says who refused", "[uv][network]") {
  HostLoop host;
  Address address;
  {
    Pair pair(host);
    address = pair.listener->address();
  }
  const auto stream = connect(host, address);
  REQUIRE(stream == Code::kUnavailable);
  CHECK(stream.error().message == "connecting to " + address.str() + ": connection refused");
}

TEST_CASE("a connect that nobody answers times out", "[uv][network]") {
  HostLoop host;
  FullPort port;
  CHECK(connect(host, port.address, 20ms) == Code::kTimeout);
}

TEST_CASE("a connect may be given up", "[uv][network]") {
  HostLoop host;
  FullPort port;
  auto connecting = host.network().connect(port.address, 30s,
                                           [](auto) { FAIL("answered after it was given up"); });
  host.shard().post([&] { connecting.reset(); });
  host.run_until([&] { return connecting == nullptr; });
}

TEST_CASE("names are looked up", "[uv][network]") {
  HostLoop host;
  SECTION("a name nobody has") {
    CHECK(connect(host, {.host = "no-such-host.invalid", .port = 1}) == Code::kUnavailable);
  }
  SECTION("given up meanwhile") {
    auto connecting = host.network().connect({.host = "no-such-host.invalid", .port = 1}, 30s,
                                             [](auto) { FAIL("answered after it was given up"); });
    connecting.reset();
  }
  SECTION("but not to listen on") {
    CHECK(host.network().listen({.host = "some.name", .port = 1}, [](auto) {}) ==
          Code::kInvalidArgument);
  }
}

TEST_CASE("a unix socket that a dead process left is taken over", "[uv][network]") {
  HostLoop host;
  const Address address{.unix_path = (std::filesystem::temp_directory_path() /
                                      ("restate-stale-" + std::to_string(uv_os_getpid()) + ".sock"))
                                         .string()};
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address.unix_path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
  ::close(fd);
  CHECK(connect(host, address) == Code::kUnavailable);

  Pair pair(host, address);
  CHECK(pair.client->stream->peer() == address.str());
  SECTION("but not one in use") {
    CHECK(host.network().listen(address, [](auto) {}) == Code::kAlreadyExists);
  }
  pair.listener.reset();
  CHECK(!std::filesystem::exists(address.unix_path));
}

TEST_CASE("a listener may be destroyed while it accepts", "[uv][network]") {
  HostLoop host;
  std::unique_ptr<Stream> accepted;
  std::unique_ptr<Listener> listener;
  listener = *host.network().listen({.host = "127.0.0.1"}, [&](std::unique_ptr<Stream> stream) {
    listener.reset();
    accepted = std::move(stream);
  });
  CHECK(connect(host, listener->address()));
  host.run_until([&] { return accepted != nullptr; });
}
