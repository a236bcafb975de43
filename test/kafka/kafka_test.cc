// Subscriptions from end to end: a broker, an engine with a data directory, and a counter that shows
// how often each record ran.

#include "broker.h"
#include "connect/kafka.h"
#include "schema/json.h"
#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/kafka.h>
#include <restate/uv/runtime.h>

#include <curl/curl.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

using namespace restate;
using namespace std::chrono_literals;
using restate::testing::Broker;
using schema::Json;

namespace {

/// A directory that goes with the test.
struct Directory {
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "restate-kafka-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::pair<long, Json> admin(std::uint16_t port, const char* method, const std::string& path,
                            const Json& body = nullptr) {
  CURL* curl = curl_easy_init();
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + path;
  const std::string text = body.is_null() ? std::string() : body.dump();
  std::string answer;
  curl_slist* headers = curl_slist_append(nullptr, "content-type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
  if (!text.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text.c_str());
  curl_write_callback keep = [](char* data, std::size_t, std::size_t size, void* into) {
    static_cast<std::string*>(into)->append(data, size);
    return size;
  };
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  CHECK(curl_easy_perform(curl) == CURLE_OK);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return {status, schema::parse_json(answer).value_or(Json())};
}

/// Waits for what other threads do; real brokers take real time.
bool eventually(const std::function<bool()>& check, std::chrono::seconds limit = 60s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!check()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

/// What handlers saw.
struct Seen {
  std::mutex mutex;
  std::map<std::string, int> values;  ///< by value: how often it was counted
  std::vector<std::string> order;     ///< of the values of one key
};

/// An engine with a counter, which remembers every value that it was given.
struct Host {
  explicit Host(const std::string& directory, Seen& seen)
      : engine(Engine::open({.data_dir = directory,
                             .partitions = 4,
                             .ports = Ports{.admin = 0},
                             .kafka = librdkafka()})
                   .value()) {
    const auto add = [&seen](Context& ctx, Bytes value) -> Result<Bytes> {
      RESTATE_TRY(const auto stored, ctx.get("seen"));
      const std::string all = (stored ? stored->str() : "") + value.str() + ",";
      RESTATE_TRY_VOID(ctx.set("seen", Bytes(all)));
      const std::lock_guard lock(seen.mutex);
      seen.order.push_back(value.str());
      return Bytes();
    };
    const auto get = [](Context& ctx) -> Result<Bytes> {
      RESTATE_TRY(const auto stored, ctx.get("seen"));
      return stored.value_or(Bytes());
    };
    const auto take = [&seen](Context&, Bytes value) -> Result<Bytes> {
      const std::lock_guard lock(seen.mutex);
      ++seen.values[value.str()];
      return Bytes();
    };
    REQUIRE(engine.serve(Object("Counter").handler("add", add).shared("get", get)));
    REQUIRE(engine.serve(Service("Sink").handler("take", take)));
  }
  std::uint16_t port() const { return *engine.admin_port(); }
  /// The values that the counter of a key has seen, in order.
  std::vector<std::string> seen(const std::string& key) {
    const auto all = engine.call("Counter", "get", Bytes(), {.key = key}).get();
    REQUIRE(all);
    std::vector<std::string> values;
    std::string value;
    for (const char c : all->view()) {
      if (c == ',') {
        values.push_back(std::exchange(value, {}));
      } else {
        value.push_back(c);
      }
    }
    return values;
  }
  void cluster(const Broker& broker) {
    REQUIRE(admin(port(), "POST", "/kafka-clusters",
                  {{"name", "mock"},
                   {"properties", {{"bootstrap.servers", broker.address()},
                                   {"auto.offset.reset", "earliest"},
                                   {"session.timeout.ms", "6000"},
                                   {"heartbeat.interval.ms", "500"},
                                   {"auto.commit.interval.ms", "200"}}}})
                .first == 201);
  }
  std::string subscribe(const std::string& topic, const std::string& sink) {
    const auto [status, body] = admin(port(), "POST", "/subscriptions",
                                      {{"source", "kafka://mock/" + topic}, {"sink", sink}});
    REQUIRE(status == 201);
    return body["id"];
  }
  Json errors(const std::string& subscription) {
    const Json body = admin(port(), "GET", "/subscriptions/" + subscription + "?include_errors=true").second;
    return body.value("errors", Json::array());
  }

  Engine engine;
};

std::vector<std::string> numbers(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(std::to_string(i));
  return all;
}

}  // namespace

TEST_CASE("each record runs once and in order, across restarts of the engine", "[kafka]") {
  constexpr int kRecords = 300;
  Broker broker;
  broker.topic("orders", 2);
  Directory directory;
  Seen seen;
  int produced = 0;
  const auto produce = [&](int upto) {
    for (; produced < upto; ++produced) {
      broker.produce("orders", 0, "even", std::to_string(produced));
      broker.produce("orders", 1, "odd", std::to_string(produced));
    }
    REQUIRE(broker.flush());
  };
  {
    Host host(directory.path, seen);
    host.cluster(broker);
    host.subscribe("orders", "service://Counter/add");
    produce(kRecords / 3);
    REQUIRE(eventually([&] { return host.seen("even").size() >= 5; }));
  }  // in the middle
  {
    Host host(directory.path, seen);
    produce(2 * kRecords / 3);
    REQUIRE(eventually([&] { return host.seen("odd").size() > kRecords / 3; }));
  }
  Host host(directory.path, seen);
  produce(kRecords);
  REQUIRE(eventually([&] {
    return host.seen("even").size() >= kRecords && host.seen("odd").size() >= kRecords;
  }));
  CHECK(host.seen("even") == numbers(kRecords));
  CHECK(host.seen("odd") == numbers(kRecords));
}

TEST_CASE("records for a service run once each, whatever becomes of the brokers", "[kafka]") {
  constexpr int kRecords = 200;
  Broker broker;
  broker.topic("events", 1);
  Directory directory;
  Seen seen;
  Host host(directory.path, seen);
  host.cluster(broker);
  const std::string id = host.subscribe("events", "service://Sink/take");
  const auto count = [&] {
    const std::lock_guard lock(seen.mutex);
    return seen.values.size();
  };
  for (int i = 0; i < kRecords / 2; ++i) broker.produce("events", 0, nullptr, std::to_string(i));
  REQUIRE(broker.flush());
  REQUIRE(eventually([&] { return count() == kRecords / 2; }));

  broker.down();
  CHECK(eventually([&] { return !host.errors(id).empty(); }));
  broker.up();
  for (int i = kRecords / 2; i < kRecords; ++i) {
    broker.produce("events", 0, nullptr, std::to_string(i));
  }
  REQUIRE(broker.flush());
  REQUIRE(eventually([&] { return count() == kRecords; }));
  CHECK(host.errors(id).empty());
  const std::lock_guard lock(seen.mutex);
  for (const auto& [value, times] : seen.values) CHECK(times == 1);
}

TEST_CASE("a poison record is seen, and costs its partition only", "[kafka]") {
  Broker broker;
  broker.topic("mixed", 2);
  Directory directory;
  Seen seen;
  Host host(directory.path, seen);
  host.cluster(broker);
  const std::string id = host.subscribe("mixed", "service://Counter/add");
  broker.produce("mixed", 0, "a", "0");
  broker.produce("mixed", 0, "\xff", "poison");
  broker.produce("mixed", 0, "a", "1");
  for (int i = 0; i < 10; ++i) broker.produce("mixed", 1, "b", std::to_string(i));
  REQUIRE(broker.flush());
  REQUIRE(eventually([&] { return host.seen("b") == numbers(10) && !host.errors(id).empty(); }));
  CHECK(host.seen("a") == numbers(1));
  const Json errors = host.errors(id);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0]["partition"] == 0);
  CHECK(errors[0]["offset"] == 1);

  // Nothing gets worse, and a subscription without the record goes on elsewhere.
  CHECK(admin(host.port(), "DELETE", "/subscriptions/" + id).first == 202);
  CHECK(admin(host.port(), "GET", "/subscriptions/" + id).first == 404);
}

TEST_CASE("properties that librdkafka does not know, or that would run something, show as an error",
          "[kafka]") {
  const std::string name =
      GENERATE(as<std::string>{}, "no.such", "plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.engine.location");
  Directory directory;
  Seen seen;
  Host host(directory.path, seen);
  REQUIRE(admin(host.port(), "POST", "/kafka-clusters",
                {{"name", "mock"},
                 {"properties", {{"bootstrap.servers", "127.0.0.1:1"}, {name, "x"}}}})
              .first == 201);
  const std::string id = host.subscribe("t", "service://Counter/add");
  REQUIRE(eventually([&] { return !host.errors(id).empty(); }));
  CHECK(host.errors(id)[0]["message"].get<std::string>().find("'" + name + "'") != std::string::npos);
}

TEST_CASE("a consumer hands over no more than its window", "[kafka]") {
  Broker broker;
  broker.topic("big", 1);
  for (int i = 0; i < 40; ++i) broker.produce("big", 0, "k", std::string(10'000, 'x'));
  REQUIRE(broker.flush());

  struct Collector final : kafka::Listener {
    void on_assigned(kafka::Assignment a) override {
      assignment = a;
      assigned = true;
    }
    void on_revoked(kafka::Assignment) override {}
    void on_records(kafka::Assignment, std::vector<kafka::Record> records) override {
      for (auto& record : records) {
        bytes += record.bytes();
        offsets.push_back(record.offset);
        headers = record.headers;
      }
    }
    void on_trouble(const Error&) override {}
    void on_failed(const Error&) override {}
    kafka::Assignment assignment;
    std::atomic<bool> assigned{false};
    std::atomic<std::size_t> bytes{0};
    std::vector<std::int64_t> offsets;  ///< on the shard
    std::vector<std::pair<std::string, std::string>> headers;
  } collector;
  uv::Runtime runtime{{.shards = 1}};
  const auto on_shard = [&](std::function<void()> task) {
    REQUIRE(runtime.run_on(0, [&] { task(); }));
  };
  auto connector = connect::make_kafka_connector();
  std::unique_ptr<kafka::Consumer> consumer;
  on_shard([&] {
    consumer = connector->open(runtime.shard(0),
                               {.topic = "big",
                                .properties = {{"bootstrap.servers", broker.address()},
                                               {"group.id", "g"},
                                               {"auto.offset.reset", "earliest"},
                                               {"enable.auto.offset.store", "false"}},
                                .window_bytes = 50'000},
                               collector);
  });
  REQUIRE(eventually([&] { return collector.bytes >= 50'000; }));
  std::this_thread::sleep_for(700ms);  // longer than its thread sleeps
  CHECK(collector.bytes < 65'000);
  // What is done with makes room; all arrive, in order.
  std::size_t done = 0;
  REQUIRE(eventually([&] {
    on_shard([&] {
      const std::size_t now = collector.bytes;
      consumer->done(collector.assignment, collector.offsets.back(), now - done);
      done = now;
    });
    return collector.offsets.size() == 40;
  }));
  for (std::int64_t i = 0; i < 40; ++i) {
    CHECK(collector.offsets[static_cast<std::size_t>(i)] == i);
  }
  CHECK(collector.headers ==
        std::vector<std::pair<std::string, std::string>>{{"x-own", "1"}});
  on_shard([&] { consumer.reset(); });
  connector.reset();
  runtime.stop();
}
