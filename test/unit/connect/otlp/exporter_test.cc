#include "connect/otlp/exporter.h"
#include "support/catch.h"
#include "unit/http/drivers.h"

#include <nlohmann/json.hpp>

#include <optional>

using namespace restate;
using namespace restate::connect::otlp;
using namespace restate::http;
using namespace restate::http::testing;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

ExporterOptions bounds(std::size_t queue, std::size_t queue_bytes = 1 << 20,
                       std::size_t batch_bytes = 1 << 20) {
  ExporterOptions options;
  options.queue = queue;
  options.queue_bytes = queue_bytes;
  options.batch_bytes = batch_bytes;
  return options;
}

/// A collector that answers as it is told, and an exporter on another node.
struct Bench {
  explicit Bench(std::string scheme = "otlp+http+json", ExporterOptions options = bounds(8))
      : handler(kMaxBodyBytes,
                [this](const RequestHead& head, Bytes body, Responder responder) {
                  heads.push_back(head);
                  bodies.push_back(body.str());
                  if (silent) return kept.push_back(std::move(responder));
                  responder.respond(ResponseHead{status, headers}, {});
                }),
        site(handler) {
    options.target = parse_target(scheme + "://server:8080/v1/traces").value();
    options.headers = {{"x-test", "abc"}};
    options.resource = {{"service.name", "Restate"}};
    options.batch = 4;
    exporter.emplace(site.client_node.shard(0), options);
  }
  void emit(int count) {
    for (int i = 0; i < count; ++i) {
      trace::Span span;
      span.name = "span " + std::to_string(++emitted);
      span.context.trace.low = 1;
      span.context.span.value = 1;
      exporter->emit(std::move(span));
    }
  }
  std::vector<std::string> names(std::size_t request) const {
    std::vector<std::string> found;
    const json body = json::parse(bodies.at(request));
    for (const json& span : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
      found.push_back(span["name"]);
    }
    return found;
  }
  std::string outcome() {
    MetricsSnapshot snapshot(Instant{1});
    exporter->collect(snapshot);
    return snapshot.render({});
  }
  bool has(const std::string& outcome_name, int count) {
    return outcome().find("{outcome=\"" + outcome_name + "\"} " + std::to_string(count) + "\n") !=
           std::string::npos;
  }

  int status = 200;
  Headers headers;
  bool silent = false;
  int emitted = 0;
  std::vector<RequestHead> heads;
  std::vector<std::string> bodies;
  std::vector<Responder> kept;
  BufferedHandler handler;
  Site site;
  std::optional<Exporter> exporter;
};

}  // namespace

TEST_CASE("spans leave together after a while", "[connect][otlp]") {
  Bench bench;
  bench.emit(2);
  bench.site.world.run_for(4s);
  CHECK(bench.bodies.empty());
  bench.emit(1);
  REQUIRE(bench.site.run_until([&] { return bench.has("exported", 3); }));
  CHECK(bench.names(0) == std::vector<std::string>{"span 1", "span 2", "span 3"});
  CHECK(bench.heads[0].target == "/v1/traces");
  CHECK(bench.heads[0].headers.find("x-test") == "abc");
  CHECK(bench.heads[0].headers.find("content-type") == "application/json");
}

TEST_CASE("a full batch leaves at once", "[connect][otlp]") {
  Bench bench;
  bench.emit(5);
  REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 1; }, 1s));
  CHECK(bench.names(0).size() == 4);
  REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 2; }, 10s));
  CHECK(bench.names(1) == std::vector<std::string>{"span 5"});
}

TEST_CASE("a silent collector costs spans, and they are counted", "[connect][otlp]") {
  Bench bench;
  bench.silent = true;
  bench.emit(4);
  REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 1; }, 1s));
  bench.emit(10);  // 8 find room
  CHECK(bench.has("dropped", 2));
  bench.silent = false;
  bench.kept.clear();  // resets the stream: the batch is sent again
  REQUIRE(bench.site.run_until([&] { return bench.has("exported", 12); }));
  CHECK(bench.names(1) == bench.names(0));
  CHECK(bench.has("failed", 0));
}

TEST_CASE("what may work later is sent again, what cannot is not", "[connect][otlp]") {
  Bench bench;
  bench.status = 503;
  bench.emit(4);
  REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 3; }));
  CHECK(bench.names(2) == bench.names(0));
  CHECK(bench.has("exported", 0));
  bench.status = 400;
  REQUIRE(bench.site.run_until([&] { return bench.has("failed", 4); }));
  bench.site.world.run_for(60s);
  CHECK(bench.bodies.size() == 4);
}

TEST_CASE("a batch that is too large for the collector is not sent for ever", "[connect][otlp]") {
  Bench bench("grpc");
  bench.headers = {{"grpc-status", "8"}};
  SECTION("unless the collector says when to come back") {
    bench.headers.add("grpc-status-details-bin", "CAg");
    bench.emit(4);
    bench.site.world.run_for(20s);
    CHECK(bench.bodies.size() > 2);
    CHECK(bench.has("failed", 0));
  }
  SECTION("and the next one follows") {
    bench.emit(4);
    REQUIRE(bench.site.run_until([&] { return bench.has("failed", 4); }, 5s));
    bench.headers = {};
    bench.emit(4);
    REQUIRE(bench.site.run_until([&] { return bench.has("exported", 4); }, 5s));
    CHECK(bench.bodies.size() == 2);
  }
}

TEST_CASE("spans are bounded by their bytes as well", "[connect][otlp]") {
  Bench bench("otlp+http+json", bounds(100, 20'000, 9'000));
  const auto emit = [&bench](std::size_t bytes) {
    trace::Span span;
    span.name = "long";
    span.add("error.message", std::string(bytes, 'x'));
    bench.exporter->emit(std::move(span));
  };
  SECTION("of a text so many leave") {
    emit(1'000'000);
    REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 1; }));
    CHECK(bench.bodies[0].size() < 10'000);
    CHECK(bench.bodies[0].size() > 4'096);
  }
  SECTION("those that fill a batch leave at once") {
    for (int i = 0; i < 3; ++i) emit(4'000);
    REQUIRE(bench.site.run_until([&] { return bench.bodies.size() == 1; }, 1s));
    CHECK(bench.names(0).size() == 2);
  }
  SECTION("those that find no room are dropped") {
    bench.silent = true;
    for (int i = 0; i < 10; ++i) emit(4'000);
    CHECK_FALSE(bench.has("dropped", 0));
  }
}

TEST_CASE("what is left leaves when the node stops", "[connect][otlp]") {
  Bench bench;
  bool closed = false;
  bench.emit(6);
  SECTION("to a collector that is there") {
    bench.exporter->close([&] { closed = true; });
    REQUIRE(bench.site.run_until([&] { return closed; }, 1s));
    CHECK(bench.has("exported", 6));
  }
  SECTION("but not for long") {
    bench.silent = true;
    bench.exporter->close([&] { closed = true; });
    bench.site.world.run_for(1s);
    CHECK_FALSE(closed);
    REQUIRE(bench.site.run_until([&] { return closed; }, 2s));
  }
}

TEST_CASE("gRPC frames its messages", "[connect][otlp]") {
  Bench bench("grpc");
  bench.emit(4);
  REQUIRE(bench.site.run_until([&] { return bench.has("exported", 4); }, 2s));
  CHECK(bench.heads[0].target == "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  CHECK(bench.heads[0].headers.find("content-type") == "application/grpc");
  CHECK(bench.heads[0].headers.find("te") == "trailers");
  const std::string& body = bench.bodies[0];
  REQUIRE(body.size() > 5);
  CHECK(body[0] == '\0');
  CHECK(static_cast<std::size_t>(static_cast<unsigned char>(body[3])) * 256 +
            static_cast<unsigned char>(body[4]) ==
        body.size() - 5);
}
