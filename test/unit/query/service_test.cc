// One exchange from a statement to its answer, with an engine that does what the test says.

#include "query/service.h"
#include "bench.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <zlib.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

using namespace restate;
using namespace restate::query;
using namespace restate::query::testing;

namespace {

struct FakeEngine final : SqlEngine {
  struct Statement final : SqlStatement {
    explicit Statement(FakeEngine& e) : engine(e) { ++engine.alive; }
    ~Statement() override { --engine.alive; }
    Result<Needs> prepare() override {
      if (engine.fail_prepare) return *engine.fail_prepare;
      return Needs{true, false};
    }
    Result<void> begin(InputsPtr inputs) override {
      if (engine.fail_begin) return *engine.fail_begin;
      engine.partitions = inputs->partitions.size();
      return {};
    }
    Result<Piece> next(std::size_t) override {
      ++engine.asked;
      if (engine.pieces.empty()) return Error{Code::kFailed, "the disk"};
      Piece piece = std::move(engine.pieces.front());
      engine.pieces.pop_front();
      return piece;
    }
    void interrupt() override { ++engine.interrupted; }
    FakeEngine& engine;
  };

  std::unique_ptr<SqlStatement> make_statement(std::string, Format) override {
    return std::make_unique<Statement>(*this);
  }
  std::unique_ptr<SqlStatement> make_statement(pg::Request) override {
    return std::make_unique<Statement>(*this);
  }
  void run(Task job) override { jobs.push_back(std::move(job)); }

  /// What the engine's threads would do.
  void work() {
    while (!jobs.empty()) {
      Task job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }

  std::optional<Error> fail_prepare, fail_begin;
  std::deque<Piece> pieces;
  std::deque<Task> jobs;
  std::size_t partitions = 0;
  int asked = 0, interrupted = 0, alive = 0;
};

struct FakeSource final : InputSource {
  explicit FakeSource(Shard& s) : shard(s) {}
  void collect(Needs needs, Completion<InputsPtr> done) override {
    CHECK(needs.rows);
    shard.post([this, done = std::move(done)]() mutable {
      if (failure) return done(*failure);
      done(bench.inputs());
    });
  }
  Shard& shard;
  Bench bench;
  std::optional<Error> failure;
};

/// The server's side of the exchange, as the client would see it.
struct FakeStream final : http::ServerStream {
  void respond(http::ResponseHead head, Bytes text) override {
    status = head.status;
    type = std::string(head.headers.find("content-type").value_or(""));
    retry_after = std::string(head.headers.find("retry-after").value_or(""));
    body = text.str();
    finished = true;
  }
  void start(http::ResponseHead head) override {
    status = head.status;
    type = std::string(head.headers.find("content-type").value_or(""));
    coding = std::string(head.headers.find("content-encoding").value_or(""));
  }
  void write(Bytes data) override { body += data.view(); }
  void finish() override { finished = true; }
  void reset() override { was_reset = true; }
  std::size_t unsent_bytes() const override { return unsent; }
  void pause_body() override {}
  void resume_body() override {}
  std::string peer() const override { return "test"; }

  int status = 0;
  std::string type, coding, retry_after, body;
  std::size_t unsent = 0;
  bool finished = false, was_reset = false;
};

struct Exchange {
  explicit Exchange(ServiceOptions o = {.statements = 1}, bool compressed = false)
      : options(o), gzip(compressed) {
    request = handler.on_request({}, stream);
    request->on_body_end();
  }
  /// Until nothing moves any more at this time of the world.
  void settle() {
    do {
      engine.work();
      world.run_for(std::chrono::milliseconds(1));
    } while (!engine.jobs.empty());
  }

  restate::testing::World world{restate::testing::Seed{1}};
  FakeEngine engine;
  FakeSource source{world.shard()};
  ServiceOptions options;
  std::unique_ptr<QueryService> service =
      std::make_unique<QueryService>(world.shard(), engine, source, options);
  bool gzip;
  FakeStream stream;
  http::BufferedHandler handler{1000, [this](http::RequestHead, Bytes, http::Responder responder) {
                                  service->run("SELECT 1", Format::kJson, gzip,
                                               std::move(responder));
                                }};
  std::unique_ptr<http::ServerRequest> request;
};

Piece piece(std::string text, bool last) { return {Bytes(std::move(text)), last}; }

}  // namespace

TEST_CASE("an answer comes piece by piece", "[query]") {
  Exchange exchange;
  exchange.engine.pieces.push_back(piece("{\"rows\":[", false));
  exchange.engine.pieces.push_back(piece("]}", true));
  exchange.settle();
  CHECK(exchange.stream.status == 200);
  CHECK(exchange.stream.type == "application/json");
  CHECK(exchange.stream.body == "{\"rows\":[]}");
  CHECK(exchange.stream.finished);
  CHECK(exchange.engine.partitions == 2);
  CHECK(exchange.service->running() == 0);
  CHECK(exchange.engine.alive == 0);
}

TEST_CASE("what the client has not read is not computed", "[query]") {
  Exchange exchange;
  exchange.engine.pieces.push_back(piece("a", false));
  exchange.engine.pieces.push_back(piece("b", true));
  exchange.stream.unsent = http::kHighWater + 1;
  exchange.settle();
  CHECK(exchange.engine.asked == 1);
  CHECK(exchange.stream.body == "a");
  exchange.stream.unsent = 0;
  exchange.request->on_drained();
  exchange.settle();
  CHECK(exchange.stream.body == "ab");
  CHECK(exchange.stream.finished);
}

TEST_CASE("a statement does not wait for ever for a client that has stopped to read", "[query]") {
  Exchange exchange({.statements = 1, .patience = std::chrono::minutes(1)});
  exchange.engine.pieces.push_back(piece("a", false));
  exchange.engine.pieces.push_back(piece("b", false));
  exchange.engine.pieces.push_back(piece("c", true));
  exchange.stream.unsent = http::kHighWater + 1;
  exchange.settle();
  exchange.world.run_for(std::chrono::seconds(50));
  exchange.request->on_drained();  // not yet
  exchange.stream.unsent = 0;
  exchange.request->on_drained();
  exchange.stream.unsent = http::kHighWater + 1;
  exchange.settle();
  REQUIRE(exchange.stream.body == "ab");
  exchange.world.run_for(std::chrono::seconds(50));
  exchange.settle();
  CHECK(exchange.engine.alive == 1);  // each piece has its minute
  exchange.world.run_for(std::chrono::seconds(20));
  exchange.settle();
  CHECK(exchange.stream.was_reset);
  CHECK(exchange.service->running() == 0);
  CHECK(exchange.engine.alive == 0);
}

TEST_CASE("errors before the first piece have a status", "[query]") {
  Exchange exchange;
  int status = 0;
  SECTION("of the text") {
    exchange.engine.fail_prepare = Error{Code::kInvalidArgument, "no \"such\" thing"};
    status = 400;
  }
  SECTION("of the plan") {
    exchange.engine.fail_begin = Error{Code::kInternal, "no \"such\" thing"};
    status = 500;
  }
  SECTION("of the partitions") {
    exchange.source.failure = Error{Code::kUnavailable, "no \"such\" thing"};
    status = 503;
  }
  exchange.settle();
  CHECK(exchange.stream.status == status);
  CHECK(exchange.stream.type == "application/json");
  CHECK(exchange.stream.body == R"({"message":"no \"such\" thing"})");
  CHECK(exchange.service->running() == 0);
}

TEST_CASE("a later error resets the stream", "[query]") {
  Exchange exchange;
  exchange.engine.pieces.push_back(piece("{\"rows\":[", false));
  exchange.settle();
  CHECK(exchange.stream.status == 200);
  CHECK(exchange.stream.was_reset);
  CHECK_FALSE(exchange.stream.finished);
}

TEST_CASE("a client that goes away interrupts its statement", "[query]") {
  Exchange exchange;
  REQUIRE(exchange.engine.jobs.size() == 1);  // it is being prepared
  exchange.request->on_closed();
  CHECK(exchange.engine.interrupted == 1);
  CHECK(exchange.service->running() == 0);
  exchange.settle();
  CHECK(exchange.engine.alive == 0);
}

TEST_CASE("too many statements are told to come back", "[query]") {
  Exchange exchange;
  FakeStream second;
  const auto request = exchange.handler.on_request({}, second);
  request->on_body_end();
  CHECK(second.status == 429);
  CHECK(second.finished);
}

TEST_CASE("closing the service interrupts what runs", "[query]") {
  Exchange exchange;
  exchange.service.reset();
  CHECK(exchange.engine.interrupted == 1);
  CHECK(exchange.stream.was_reset);
  exchange.settle();
  CHECK(exchange.engine.alive == 0);
}

TEST_CASE("an answer may be compressed", "[query]") {
  Exchange exchange({.statements = 1}, true);
  const std::string text(100'000, 'x');
  exchange.engine.pieces.push_back(piece("{\"rows\":[", false));
  exchange.engine.pieces.push_back(piece(text, false));
  exchange.engine.pieces.push_back(piece("]}", true));
  exchange.settle();
  CHECK(exchange.stream.coding == "gzip");
  CHECK(exchange.stream.finished);
  CHECK(exchange.stream.body.size() < 1000);

  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(exchange.stream.body.data());
  stream.avail_in = static_cast<uInt>(exchange.stream.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  CHECK(out == "{\"rows\":[" + text + "]}");
}

TEST_CASE("statements that come faster than they may are told when to come back", "[query]") {
  Exchange exchange({.statements = 10, .interval = std::chrono::seconds(3), .burst = 2});
  const auto ask = [&](FakeStream& stream) {
    auto request = exchange.handler.on_request({}, stream);
    request->on_body_end();
    return request;
  };
  FakeStream second, third, later;
  const auto open = ask(second);
  const auto refused = ask(third);
  CHECK(second.status == 0);
  CHECK(third.status == 429);
  CHECK(third.retry_after == "3");
  exchange.settle();
  exchange.world.run_for(std::chrono::seconds(3));
  const auto taken = ask(later);
  CHECK(later.status == 0);
}
