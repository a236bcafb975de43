// Clients of PostgreSQL's protocol over a simulated network: what becomes of their connections and of
// the statements behind them.

#include "bench.h"
#include "query/pg/server.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

using namespace restate;
using namespace restate::query;
using namespace restate::query::pg;
using namespace restate::query::testing;
using namespace std::chrono_literals;

namespace {

/// Its threads work when the test says so; a statement has as many rows as anybody asks for.
struct IdleEngine final : SqlEngine {
  struct Statement final : SqlStatement {
    explicit Statement(IdleEngine& e) : engine(e) { ++engine.alive; }
    ~Statement() override { --engine.alive; }
    Result<Needs> prepare() override { return Needs(); }
    Result<void> begin(InputsPtr) override { return {}; }
    Result<Piece> next(std::size_t) override {
      std::string body;
      if (engine.asked++ == 0) append_row_description(body, {{"a", 25, -1, false}});
      MessageWriter writer(body);
      writer.begin('D').u16(1).u32(100'000).raw(std::string(100'000, 'x')).end();
      return Piece{Bytes(std::move(body)), false};
    }
    void interrupt() override { ++engine.interrupted; }
    IdleEngine& engine;
  };

  std::unique_ptr<SqlStatement> make_statement(std::string, Format) override {
    return std::make_unique<Statement>(*this);
  }
  std::unique_ptr<SqlStatement> make_statement(pg::Request) override {
    return std::make_unique<Statement>(*this);
  }
  void run(Task job) override { jobs.push_back(std::move(job)); }

  std::deque<Task> jobs;
  int asked = 0, interrupted = 0, alive = 0;
};

struct BenchSource final : InputSource {
  explicit BenchSource(Shard& s) : shard(s) {}
  void collect(Needs, Completion<InputsPtr> done) override {
    shard.post([this, done = std::move(done)]() mutable { done(bench.inputs()); });
  }
  Shard& shard;
  Bench bench;
};

struct RemoteClient final : StreamListener {
  void on_data(std::string_view data) override { heard += data; }
  void on_end() override { ended = true; }
  void on_error(const Error&) override { ended = true; }
  void send(std::string_view bytes) { stream->write({Bytes(bytes)}); }

  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<Stream> stream;
  std::string heard;
  bool ended = false;
};

ServerOptions options() {
  ServerOptions options;
  options.connections = 2;
  return options;
}

struct Site {
  Site() { address = server->listen({.host = "server", .port = 9071, .unix_path = {}}).value(); }

  void connect(RemoteClient& client) {
    client.connecting = far.network().connect(
        address, 5s, [&client](Result<std::unique_ptr<Stream>> stream) {
          client.stream = std::move(stream).value();
          client.stream->start(client);
        });
    REQUIRE(world.run_until([&client] { return client.stream != nullptr; }));
  }
  void settle() {
    world.run_for(100ms);
    while (!engine.jobs.empty()) {
      Task job = std::move(engine.jobs.front());
      engine.jobs.pop_front();
      job();
      job = nullptr;
      world.run_for(100ms);
    }
  }

  restate::testing::World world{restate::testing::Seed{1}};
  Shard& shard{world.add_node({.host = "server"}).shard(0)};
  Shard& far{world.add_node({.host = "client"}).shard(0)};
  IdleEngine engine;
  BenchSource source{shard};
  StatementRunner runner{shard, engine, source, {}};
  std::unique_ptr<Server> server =
      std::make_unique<Server>(shard, engine, runner, options());
  Address address;
};

std::string hello() {
  std::string bytes;
  MessageWriter(bytes).u32(9).u32(3 << 16).u8(0);
  return bytes;
}

std::string framed(char type, std::string_view body) {
  std::string bytes;
  MessageWriter(bytes).begin(type).raw(body).end();
  return bytes;
}

std::string cancel(std::uint32_t process, std::uint32_t secret) {
  std::string bytes;
  MessageWriter(bytes).u32(16).u32(80877102).u32(process).u32(secret);
  return bytes;
}

}  // namespace

TEST_CASE("a client may leave in the breath in which it speaks", "[query][pg]") {
  Site site;
  RemoteClient client;
  site.connect(client);
  SECTION("after a question") {
    client.send(hello() + framed('Q', std::string("SHOW TimeZone\0", 14)) + framed('X', ""));
    site.settle();
    CHECK(client.heard.find("UTC") != std::string::npos);
  }
  SECTION("before it has shown who it is") {
    std::string bytes;
    MessageWriter(bytes).u32(8).u32(80877103);
    client.send(bytes + cancel(1, 2));
    site.settle();
    CHECK(client.heard == "N");
  }
  CHECK(client.ended);
  CHECK(site.world.run_until([&] { return site.server->connections() == 0; }, 5s));
}

TEST_CASE("a connection that goes takes its statement along", "[query][pg]") {
  Site site;
  RemoteClient client;
  site.connect(client);
  client.send(hello() + framed('Q', std::string("SELECT 1\0", 9)));
  site.world.run_for(100ms);
  REQUIRE(site.engine.alive == 1);
  SECTION("with its client") { client.stream.reset(); }
  SECTION("with the server") { site.server.reset(); }
  site.world.run_for(100ms);
  CHECK(site.engine.interrupted == 1);
  CHECK(site.runner.running() == 0);
  site.settle();
  CHECK(site.engine.alive == 0);
}

TEST_CASE("who does not read is waited for", "[query][pg]") {
  Site site;
  RemoteClient client;
  site.connect(client);
  client.stream->pause();
  client.send(hello() + framed('Q', std::string("SELECT 1\0", 9)));
  site.settle();
  const int asked = site.engine.asked;
  CHECK(asked >= 10);
  CHECK(asked < 100);
  CHECK(site.engine.jobs.empty());
}

TEST_CASE("a statement is cancelled by who knows the key", "[query][pg]") {
  Site site;
  RemoteClient client, other;
  site.connect(client);
  client.send(hello());
  site.settle();
  const std::size_t at = client.heard.find(std::string("K\0\0\0\x0c", 5));
  REQUIRE(at != std::string::npos);
  FieldReader key(std::string_view(client.heard).substr(at + 5));
  const std::uint32_t process = key.u32();
  const std::uint32_t secret = key.u32();
  client.send(framed('Q', std::string("SELECT 1\0", 9)));
  site.world.run_for(100ms);
  site.connect(other);
  SECTION("and by nobody else") {
    other.send(cancel(process, secret + 1));
    site.world.run_for(100ms);
    CHECK(site.engine.interrupted == 0);
  }
  SECTION("from another connection") {
    other.send(cancel(process, secret));
    site.world.run_for(100ms);
    CHECK(site.engine.interrupted == 1);
  }
  CHECK(other.heard.empty());
  CHECK(other.ended);
}

TEST_CASE("who says nothing is not kept", "[query][pg]") {
  Site site;
  RemoteClient first, second, third;
  site.connect(first);
  site.connect(second);
  site.connect(third);
  site.world.run_for(1s);
  CHECK(third.ended);  // there are too many
  CHECK(site.server->connections() == 2);
  second.send(hello());
  site.world.run_for(1min);
  CHECK(first.ended);
  CHECK_FALSE(second.ended);
  CHECK(site.server->connections() == 1);
}
