#include "host_loop.h"

#include <cstdio>
#include <filesystem>

using namespace restate;
using namespace std::chrono_literals;
using test::HostLoop, test::Pair, test::pattern, test::Peer;

namespace {

std::string socket_path() {
  return (std::filesystem::temp_directory_path() /
          ("restate-unit-" + std::to_string(uv_os_getpid()) + ".sock"))
      .string();
}

}  // namespace

TEST_CASE("ten megabytes travel both ways at once", "[uv][stream]") {
  HostLoop host;
  const bool unix_socket = GENERATE(false, true);
  Pair pair(host, unix_socket ? Address{.unix_path = socket_path()} : Address{.host = "127.0.0.1"});
  const std::string up = pattern(10 << 20, 1), down = pattern(10 << 20, 2);

  // In pieces of very different sizes, some of them empty.
  const auto send = [](Peer& peer, const std::string& text) {
    std::size_t at = 0;
    for (std::size_t size = 0; at < text.size(); size = size * 3 % 200003 + 1) {
      ByteChain chain;
      for (int i = 0; i < 3; ++i, at += std::min(size, text.size() - at)) {
        chain.push_back(Bytes(std::string_view(text).substr(at, size)));
      }
      peer.stream->write(std::move(chain));
    }
    peer.stream->shutdown_write();
  };
  send(*pair.client, up);
  send(*pair.server, down);
  CHECK(pair.client->stream->unsent_bytes() == up.size());
  host.run_until([&] { return pair.client->ended && pair.server->ended; });

  CHECK(pair.server->received == up);
  CHECK(pair.client->received == down);
  CHECK(pair.client->drained == 1);
  CHECK(pair.client->stream->unsent_bytes() == 0);
  CHECK(!pair.client->error);
}

TEST_CASE("an echo returns what it got", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  pair.server->echo = true;
  const std::string text = pattern(10 << 20, 3);
  pair.client->stream->write({Bytes(text)});
  pair.client->stream->shutdown_write();
  host.run_until([&] { return pair.client->ended; });
  CHECK(pair.client->received == text);
}

TEST_CASE("a paused stream holds the writer back", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  pair.server->stream->pause();
  // Far more than the system's buffers take, so that some of it stays with us.
  const std::string text = pattern(32 << 20, 4);
  pair.client->stream->write({Bytes(text)});

  std::size_t last = 0, turns = 0;
  while (turns < 20) {
    const std::size_t unsent = pair.client->stream->unsent_bytes();
    turns = unsent == last ? turns + 1 : 0;
    last = unsent;
    host.shard().post([] {});
    uv_run(host.loop(), UV_RUN_NOWAIT);
  }
  CHECK(last > 0);
  CHECK(pair.server->received.empty());
  CHECK(pair.client->drained == 0);

  pair.server->stream->resume();
  host.run_until([&] { return pair.server->received.size() == text.size(); });
  CHECK(pair.server->received == text);
  host.run_until([&] { return pair.client->drained == 1; });
}

TEST_CASE("one direction may end before the other", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  pair.client->stream->write({"ask"});
  pair.client->stream->shutdown_write();
  host.run_until([&] { return pair.server->ended; });
  CHECK(pair.server->received == "ask");

  pair.server->stream->write({"ans", "wer"});
  host.run_until([&] { return pair.client->received.size() == 6; });
  CHECK(pair.client->received == "answer");
  CHECK(!pair.client->ended);
  pair.server.reset();
  host.run_until([&] { return pair.client->ended; });
}

TEST_CASE("destroying a stream tells the peer, and nobody else", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);

  SECTION("with all sent, the peer reads to the end") {
    pair.client->stream->write({"bye"});
    host.run_until([&] { return pair.server->received == "bye"; });
    pair.client.reset();
    host.run_until([&] { return pair.server->ended; });
    CHECK(!pair.server->error);
  }
  SECTION("with bytes unsent, the peer sees a break and no end") {
    pair.client->stream->write({"never sent"});
    pair.client.reset();
    host.run_until([&] { return pair.server->ended || pair.server->error; });
    REQUIRE(pair.server->error);
    CHECK(!pair.server->ended);
    CHECK(pair.server->error->code == Code::kUnavailable);
    pair.server->stream->write({"into the void"});  // ignored
    CHECK(pair.server->stream->unsent_bytes() == 0);
  }
  SECTION("writing to a peer that is gone fails, some time") {
    pair.server.reset();
    host.run_until([&] {
      if (!pair.client->error) pair.client->stream->write({"x"});
      return pair.client->error || pair.client->ended;
    });
    host.run_until([&] {
      if (!pair.client->error) pair.client->stream->write({"x"});
      return pair.client->error.has_value();
    });
    CHECK(pair.client->error->code == Code::kUnavailable);
  }
}

TEST_CASE("a stream may be destroyed in its own callbacks", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  struct Suicide final : StreamListener {
    std::unique_ptr<Stream> stream;
    bool heard = false;
    void on_data(std::string_view) override {
      heard = true;
      stream.reset();
    }
    void on_end() override { FAIL("heard after its end"); }
    void on_error(const Error&) override { FAIL("heard after its end"); }
  } suicide;
  auto connecting = host.network().connect(pair.listener->address(), 30s, [&](auto stream) {
    REQUIRE(stream);
    suicide.stream = std::move(*stream);
    suicide.stream->start(suicide);
  });
  pair.server.reset();
  host.run_until([&] { return pair.server && suicide.stream; });
  pair.server->stream->write({"a", "b"});
  host.run_until([&] { return suicide.heard && (pair.server->ended || pair.server->error); });
}

TEST_CASE("listeners are never called inside a call into the stream", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  pair.server.reset();
  host.run_until([&] { return pair.client->ended; });
  for (int i = 0; i < 100 && !pair.client->error; ++i) {
    const bool before = pair.client->error.has_value();
    pair.client->stream->write({"x"});
    pair.client->stream->resume();
    CHECK(pair.client->error.has_value() == before);
    host.shard().post([] {});
    uv_run(host.loop(), UV_RUN_NOWAIT);
  }
}

TEST_CASE("streams may outlive a stop", "[uv][stream]") {
  HostLoop host;
  Pair pair(host);
  pair.client->stream->write({Bytes(pattern(1 << 20, 5))});
  host.attached().stop();
  pair.client->stream->write({"x"});
  pair.client->stream->pause();
  pair.client->stream->resume();
  CHECK(pair.client->stream->unsent_bytes() == 0);
  uv_run(host.loop(), UV_RUN_DEFAULT);
  CHECK(!pair.client->error);
}
