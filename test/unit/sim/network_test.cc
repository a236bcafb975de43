#include "peer.h"

#include <algorithm>

using namespace std::chrono_literals;
using namespace restate;
using test::Pair, test::pattern, test::Peer;
using testing::Node, testing::Seed, testing::World;

namespace {

using Answer = std::optional<Result<std::unique_ptr<Stream>>>;

Result<std::unique_ptr<Stream>> connect(World& world, Node& from, const Address& to,
                                        Duration timeout = 10s) {
  Answer answer;
  auto connecting = from.shard(0).network().connect(
      to, timeout, [&](auto result) { answer = std::move(result); });
  CHECK(!answer);
  REQUIRE(world.run_until([&] { return answer.has_value(); }));
  return std::move(*answer);
}

}  // namespace

TEST_CASE("bytes arrive whole and in order, in pieces of any size", "[sim][network]") {
  World world{Seed{GENERATE(1u, 2u, 3u)}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  pair.server->echo = true;
  const std::string text = pattern(2 << 20, 7);
  pair.client->stream->write({Bytes(text)});
  CHECK(pair.client->stream->unsent_bytes() == text.size());
  REQUIRE(world.run_until([&] { return pair.client->received.size() == text.size(); }));

  CHECK(pair.client->received == text);
  CHECK(pair.server->received == text);
  CHECK(pair.client->drained == 1);
  const auto [least, most] =
      std::minmax_element(pair.server->pieces.begin(), pair.server->pieces.end());
  CHECK(*least < 1000);
  CHECK(*most > 10000);

  pair.client->stream->shutdown_write();
  REQUIRE(world.run_until([&] { return pair.server->ended; }));
  pair.server->stream->write({"one direction is still open"});
  pair.client->received.clear();
  REQUIRE(world.run_until([&] { return pair.client->received.ends_with("still open"); }));
  pair.server.reset();
  REQUIRE(world.run_until([&] { return pair.client->ended; }));
  pair.client.reset();
  CHECK(world.network().open_streams() == 0);
}

TEST_CASE("a paused reader holds the writer back", "[sim][network]") {
  World world{Seed{4}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  pair.server->stream->pause();
  const std::string text = pattern(4 << 20, 1);
  pair.client->stream->write({Bytes(text)});
  CHECK(world.run_until_idle());
  CHECK(pair.server->received.empty());
  CHECK(pair.client->stream->unsent_bytes() > text.size() / 2);
  CHECK(pair.client->drained == 0);

  pair.server->stream->resume();
  CHECK(world.run_until_idle());
  CHECK(pair.server->received == text);
  CHECK(pair.client->drained == 1);
}

TEST_CASE("connecting fails as it does in life", "[sim][network]") {
  World world{Seed{5}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  const Address there{.host = b.host(), .port = 80};

  SECTION("nobody listens") {
    const auto stream = connect(world, a, there);
    REQUIRE(stream == Code::kUnavailable);
    CHECK(stream.error().message == "connecting to node-1:80: connection refused");
  }
  SECTION("nobody is called that") {
    CHECK(connect(world, a, {.host = "elsewhere", .port = 80}) == Code::kUnavailable);
  }
  SECTION("the link is cut, in either direction") {
    auto listener = b.shard(0).network().listen(there, [](auto) {});
    REQUIRE(listener);
    const bool forth = GENERATE(true, false);
    world.network().clog(forth ? a : b, forth ? b : a);
    const Instant start = world.now();
    CHECK(connect(world, a, there, 2s) == Code::kTimeout);
    CHECK(world.now() == start + 2s);
    world.network().heal();
    CHECK(connect(world, a, there));
  }
  SECTION("only loopback listens") {
    auto listener = b.shard(0).network().listen({.host = "127.0.0.1", .port = 80}, [](auto) {});
    REQUIRE(listener);
    CHECK(connect(world, a, there) == Code::kUnavailable);
    CHECK(connect(world, b, there));
  }
  SECTION("it is given up") {
    auto connecting = a.shard(0).network().connect(there, 10s, [](auto) { FAIL("answered"); });
    connecting.reset();
    CHECK(world.run_until_idle());
  }
}

TEST_CASE("addresses are taken once, but by all shards of a node", "[sim][network]") {
  World world{Seed{6}};
  Node& node = world.add_node({.host = "server", .shards = 2});
  Node& client = world.add_node();
  const Address address{.host = "0.0.0.0", .port = 80};
  std::vector<std::unique_ptr<Stream>> accepted[2];
  const auto listen = [&](std::uint32_t shard, const Address& at) {
    return node.shard(shard).network().listen(
        at, [&, shard](auto stream) { accepted[shard].push_back(std::move(stream)); });
  };
  auto first = listen(0, address);
  REQUIRE(first);
  auto second = listen(1, address);
  REQUIRE(second);
  CHECK(listen(0, address) == Code::kAlreadyExists);
  CHECK(listen(0, {.host = "somebody-else", .port = 81}) == Code::kUnavailable);

  for (int i = 0; i < 32; ++i) CHECK(connect(world, client, {.host = "server", .port = 80}));
  CHECK(world.run_until_idle());
  CHECK(accepted[0].size() + accepted[1].size() == 32);
  CHECK(!accepted[0].empty());
  CHECK(!accepted[1].empty());

  first->reset();
  second->reset();
  CHECK(connect(world, client, {.host = "server", .port = 80}) == Code::kUnavailable);

  auto any = listen(0, {.host = "server"});
  REQUIRE(any);
  CHECK((*any)->address().port != 0);
  const Address path{.unix_path = "/run/restate.sock"};
  auto local = listen(0, path);
  REQUIRE(local);
  CHECK(listen(1, path) == Code::kAlreadyExists);
  CHECK(connect(world, node, path));
  CHECK(connect(world, client, path) == Code::kUnavailable);
}

TEST_CASE("a clogged link delays, in one direction", "[sim][network]") {
  World world{Seed{7}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  world.network().clog(a, b);
  pair.client->stream->write({"to b"});
  pair.server->stream->write({"to a"});
  world.run_for(1h);
  CHECK(pair.client->received == "to a");
  CHECK(pair.server->received.empty());

  SECTION("until it opens") {
    world.network().unclog(a, b);
    world.run_for(1s);
    CHECK(pair.server->received == "to b");
  }
  SECTION("acknowledgements wait as well") {
    pair.server->stream->write({Bytes(pattern(2 << 20, 1))});
    world.run_for(1h);
    CHECK(pair.server->stream->unsent_bytes() > 0);
    world.network().heal();
    world.run_for(10s);
    CHECK(pair.server->stream->unsent_bytes() == 0);
  }
}

TEST_CASE("streams break", "[sim][network]") {
  World world{Seed{8}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);

  SECTION("by order") {
    world.network().reset(b, a);
    world.run_for(1s);
    CHECK(pair.client->error);
    CHECK(pair.server->error);
  }
  SECTION("by chance") {
    world.network().set_reset_chance(100000);
    for (int i = 0; i < 1000 && !pair.client->error; ++i) {
      pair.client->stream->write({"x"});
      world.run_for(1ms);
    }
    REQUIRE(pair.client->error);
    CHECK(pair.client->error->code == Code::kUnavailable);
  }
  SECTION("when bytes were never sent") {
    pair.client->stream->write({"lost"});
    pair.client.reset();
    world.run_for(1s);
    CHECK(pair.server->error);
    CHECK(!pair.server->ended);
  }
  SECTION("when nobody reads what is written") {
    pair.client.reset();
    world.run_for(1s);
    CHECK(pair.server->ended);
    pair.server->stream->write({"anybody there?"});
    world.run_for(1s);
    CHECK(pair.server->error);
  }
  SECTION("while paused, when written to") {
    pair.client->stream->pause();
    world.network().reset(a, b);
    world.run_for(1s);
    CHECK(!pair.client->error);
    pair.client->stream->write({"x"});
    CHECK(!pair.client->error);  // never inside the call
    world.run_for(1s);
    CHECK(pair.client->error);
  }
  pair.client.reset();
  pair.server.reset();
  CHECK(world.run_until_idle());
  CHECK(world.network().open_streams() == 0);
}

TEST_CASE("a stream may be destroyed in its own callbacks", "[sim][network]") {
  World world{Seed{9}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  struct Suicide final : StreamListener {
    std::unique_ptr<Stream> stream;
    int heard = 0;
    void on_data(std::string_view) override {
      ++heard;
      stream.reset();
    }
    void on_end() override { ++heard; }
    void on_error(const Error&) override {
      ++heard;
      stream.reset();
    }
  } suicide;
  const bool broken = GENERATE(true, false);
  auto connecting = a.shard(0).network().connect(pair.address, 10s, [&](auto stream) {
    REQUIRE(stream);
    suicide.stream = std::move(*stream);
    suicide.stream->start(suicide);
  });
  pair.server.reset();
  REQUIRE(world.run_until([&] { return pair.server && suicide.stream; }));
  if (broken) {
    world.network().reset(a, b);
  } else {
    pair.server->stream->write({"a", "b"});
    pair.server->stream->shutdown_write();
  }
  CHECK(world.run_until_idle());
  CHECK(suicide.heard == 1);
  CHECK(suicide.stream == nullptr);
}
