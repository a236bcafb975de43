#include "bench.h"
#include "schema/kafka_registry.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::admin;
using namespace restate::admin::testing;

namespace {

constexpr const char* kCluster =
    R"({"name":"one","properties":{"bootstrap.servers":"b:9092","sasl.password":"p"}})";

Json one_service() {
  return *schema::parse_json(R"({"a":{"body":{"protocolMode":"BIDI_STREAM","minProtocolVersion":5,
      "maxProtocolVersion":7,"services":[{"name":"Svc","ty":"SERVICE","handlers":[{"name":"h"}]}]}}})");
}

struct KafkaBench : Bench {
  KafkaBench() : Bench(one_service()) {
    REQUIRE(json("POST", "/deployments",
                 R"({"uri":"http://)" + std::string(kHttp2Endpoint) + "/a\"}")
                .answer->status == 201);
  }
  Json get(const std::string& path, int status = 200) {
    const FakeStream stream = request("GET", path);
    CHECK(stream.answer->status == status);
    return *schema::parse_json(stream.text);
  }
  /// Makes a subscription and answers with its id.
  std::string subscribe(const std::string& topic = "t") {
    const FakeStream made = json("POST", "/subscriptions",
                                 R"({"source":"kafka://one/)" + topic +
                                     R"(","sink":"service://Svc/h"})");
    REQUIRE(made.answer->status == 201);
    return (*schema::parse_json(made.text))["id"];
  }
};

bool is_handler_error(const FakeStream& stream, const Json& code) {
  const auto body = schema::parse_json(stream.text);
  return body && body->contains("message") && body->value("restate_code", Json("none")) == code;
}

}  // namespace

TEST_CASE("Kafka clusters are made, shown, changed and dropped", "[admin][kafka]") {
  KafkaBench bench;
  const FakeStream made = bench.json("POST", "/kafka-clusters", kCluster);
  CHECK(made.answer->status == 201);
  CHECK(made.header("location") == "kafka-clusters/one");
  const Json body = *schema::parse_json(made.text);
  CHECK(body["name"] == "one");
  CHECK(body["properties"] == Json{{"bootstrap.servers", "b:9092"}, {"sasl.password", "***"}});
  CHECK(body["created_at"].get<std::string>().ends_with("Z"));
  CHECK_FALSE(body.contains("subscriptions"));

  const FakeStream again = bench.json("POST", "/kafka-clusters", kCluster);
  CHECK(again.answer->status == 409);
  CHECK(is_handler_error(again, nullptr));
  CHECK(bench.get("/kafka-clusters")["clusters"].size() == 1);
  CHECK(bench.get("/kafka-clusters/one")["subscriptions"] == Json::array());
  CHECK(bench.request("GET", "/kafka-clusters/two").answer->status == 404);
  const FakeStream bad_flag = bench.request("GET", "/kafka-clusters/one?include_subscriptions=maybe");
  CHECK(bad_flag.answer->status == 400);
  CHECK(bad_flag.header("content-type").starts_with("text/plain"));

  const FakeStream changed =
      bench.json("PATCH", "/kafka-clusters/one", R"({"properties":{"metadata.broker.list":"c:1"}})");
  CHECK(changed.answer->status == 200);
  CHECK((*schema::parse_json(changed.text))["properties"] == Json{{"metadata.broker.list", "c:1"}});
  CHECK(bench.json("PATCH", "/kafka-clusters/one", R"({"properties":{}})").answer->status == 400);
  CHECK(bench.json("PATCH", "/kafka-clusters/two", R"({"properties":{"bootstrap.servers":"b"}})")
            .answer->status == 404);
  CHECK(bench.request("DELETE", "/kafka-clusters/one").answer->status == 202);
  CHECK(bench.request("DELETE", "/kafka-clusters/one").answer->status == 404);
  CHECK(bench.get("/kafka-clusters")["clusters"].empty());
}

TEST_CASE("what is no cluster is refused", "[admin][kafka]") {
  KafkaBench bench;
  const auto status = [&](const char* body) {
    return bench.json("POST", "/kafka-clusters", body).answer->status;
  };
  CHECK(status("{") == 400);
  CHECK(status(R"({"name":"one"})") == 422);
  CHECK(status(R"({"name":"one","properties":{"bootstrap.servers":9092}})") == 422);
  CHECK(status(R"({"name":"a b","properties":{"bootstrap.servers":"b"}})") == 422);
  CHECK(status(R"({"name":"","properties":{"bootstrap.servers":"b"}})") == 422);
  CHECK(status(R"({"name":"one","properties":{"client.id":"x"}})") == 400);
  CHECK(bench.request("POST", "/kafka-clusters", kCluster).answer->status == 415);
}

TEST_CASE("a secret that comes back as it was shown stays", "[admin][kafka]") {
  KafkaBench bench;
  REQUIRE(bench.json("POST", "/kafka-clusters", kCluster).answer->status == 201);
  const auto password = [&] {
    return bench.registry.current()->kafka_clusters.at("one").properties.at("sasl.password");
  };
  CHECK(bench.json("PATCH", "/kafka-clusters/one",
                   R"({"properties":{"bootstrap.servers":"c","sasl.password":"***"}})")
            .answer->status == 200);
  CHECK(password() == "p");
  bench.json("PATCH", "/kafka-clusters/one",
             R"({"properties":{"bootstrap.servers":"c","sasl.password":"q"}})");
  CHECK(password() == "q");
}

TEST_CASE("subscriptions are made, found and dropped", "[admin][kafka]") {
  KafkaBench bench;
  REQUIRE(bench.json("POST", "/kafka-clusters", kCluster).answer->status == 201);
  const FakeStream made = bench.json(
      "POST", "/subscriptions",
      R"({"source":"kafka://one/a/b?x=1","sink":"service://Svc/h","options":{"ssl.key.pem":"k"}})");
  REQUIRE(made.answer->status == 201);
  const Json body = *schema::parse_json(made.text);
  const std::string id = body["id"];
  CHECK(made.header("location") == "subscriptions/" + id);
  CHECK(body["source"] == "kafka://one/a/b");
  CHECK(body["sink"] == "service://Svc/h");
  CHECK(body["options"] ==
        Json{{"client.id", "restate"}, {"group.id", id}, {"ssl.key.pem", "***"}});
  CHECK(body.size() == 4);
  const std::string other = bench.subscribe();

  CHECK(bench.get("/subscriptions/" + id) == body);
  CHECK(bench.get("/subscriptions")["subscriptions"].size() == 2);
  CHECK(bench.get("/subscriptions?sink=service%3A%2F%2FSvc%2Fh")["subscriptions"].size() == 2);
  const Json found = bench.get("/subscriptions?source=kafka%3A%2F%2Fone%2Ft")["subscriptions"];
  REQUIRE(found.size() == 1);
  CHECK(found[0]["id"] == other);
  CHECK(bench.get("/subscriptions?source=kafka")["subscriptions"].empty());
  CHECK(bench.get("/kafka-clusters/one?include_subscriptions=true")["subscriptions"].size() == 2);

  const FakeStream in_use = bench.request("DELETE", "/kafka-clusters/one");
  CHECK(in_use.answer->status == 409);
  CHECK(in_use.text.find(id) != std::string::npos);
  CHECK(bench.request("DELETE", "/subscriptions/" + id).answer->status == 202);
  CHECK(bench.request("DELETE", "/subscriptions/" + id).answer->status == 404);
  CHECK(bench.request("GET", "/subscriptions/" + id).answer->status == 404);
  CHECK(bench.request("DELETE", "/kafka-clusters/one?force=true").answer->status == 202);
  CHECK(bench.request("GET", "/subscriptions/" + other).answer->status == 200);
  const FakeStream malformed = bench.request("GET", "/subscriptions/nonsense");
  CHECK(malformed.answer->status == 400);
  CHECK(malformed.header("content-type").starts_with("text/plain"));
}

TEST_CASE("what is no subscription is refused", "[admin][kafka]") {
  KafkaBench bench;
  REQUIRE(bench.json("POST", "/kafka-clusters", kCluster).answer->status == 201);
  const auto answer = [&](const std::string& source, const std::string& sink) {
    return bench.json("POST", "/subscriptions",
                      R"({"source":")" + source + R"(","sink":")" + sink + "\"}");
  };
  for (const auto& [source, sink] : std::vector<std::pair<std::string, std::string>>{
           {"http://one/t", "service://Svc/h"}, {"kafka://one/t", "service://Svc"},
           {"kafka://one/t", "service://Svc/x"}, {"kafka://one/t", "object://Svc/h"}}) {
    const FakeStream refused = answer(source, sink);
    CHECK(refused.answer->status == 400);
    CHECK(is_handler_error(refused, "META0009"));
  }
  const FakeStream unknown = answer("kafka://two/t", "service://Svc/h");
  CHECK(unknown.answer->status == 400);
  CHECK(is_handler_error(unknown, nullptr));
  CHECK(answer("kafka:///t", "service://Svc/h").answer->status == 422);
  CHECK(bench.json("POST", "/subscriptions", R"({"source":"kafka://one/t"})").answer->status == 422);
  CHECK(answer("kafka://one", "service://Svc/h").answer->status == 201);
}

TEST_CASE("clusters of the configuration are shown and left alone", "[admin][kafka]") {
  KafkaBench bench;
  AdminOptions options = Bench::admin_options();
  options.kafka_clusters["fixed"] = {"fixed", {{"metadata.broker.list", "b"}}, {}};
  options.kafka = true;
  std::vector<schema::SubscriptionTrouble> troubles;
  Admin admin(bench.world.shard(), options,
              {bench.registry, bench.discoverer, bench.partition, bench.rules,
               [&](const schema::SubscriptionId&) { return troubles; }});
  const auto send = [&](const std::string& method, const std::string& target,
                        std::string_view body = {}) {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.headers.add("content-type", "application/json");
    FakeStream stream;
    auto exchange = admin.handler().on_request(head, stream);
    if (exchange) {
      if (!body.empty()) exchange->on_body(Bytes(body));
      exchange->on_body_end();
      bench.world.run_until([&] { return stream.answer.has_value(); });
    }
    return stream;
  };
  const Json shown = *schema::parse_json(send("GET", "/kafka-clusters/fixed").text);
  CHECK(shown["created_at"].get<std::string>().starts_with("1970-01-01T00:00:00"));
  CHECK(shown["info"].size() == 1);
  CHECK(send("PATCH", "/kafka-clusters/fixed", R"({"properties":{"bootstrap.servers":"c"}})")
            .answer->status == 409);
  CHECK(send("DELETE", "/kafka-clusters/fixed").answer->status == 409);
  CHECK(send("POST", "/kafka-clusters",
             R"({"name":"fixed","properties":{"bootstrap.servers":"c"}})")
            .answer->status == 409);
  const FakeStream made = send("POST", "/subscriptions",
                               R"({"source":"kafka://fixed/t","sink":"service://Svc/h"})");
  REQUIRE(made.answer->status == 201);

  troubles = {{3, 17, "why not", {1000}, 4}};
  const auto first = [&](const std::string& path) {
    return (*schema::parse_json(send("GET", path).text))["subscriptions"][0];
  };
  CHECK_FALSE(first("/subscriptions").contains("errors"));
  const Json trouble = first("/subscriptions?include_errors=true")["errors"];
  REQUIRE(trouble.size() == 1);
  CHECK(trouble[0]["partition"] == 3);
  CHECK(trouble[0]["offset"] == 17);
  CHECK(trouble[0]["tries"] == 4);
  CHECK(trouble[0]["message"] == "why not");
}

TEST_CASE("a server without Kafka says so", "[admin][kafka]") {
  KafkaBench bench;
  AdminOptions options = Bench::admin_options();
  options.kafka = false;
  Admin admin(bench.world.shard(), options, {bench.registry, bench.discoverer, bench.partition, bench.rules});
  http::RequestHead head;
  head.method = "POST";
  head.target = "/kafka-clusters";
  head.headers.add("content-type", "application/json");
  FakeStream stream;
  auto exchange = admin.handler().on_request(head, stream);
  exchange->on_body(Bytes(kCluster));
  exchange->on_body_end();
  REQUIRE(bench.world.run_until([&] { return stream.answer.has_value(); }));
  CHECK(stream.answer->status == 501);
  CHECK(is_handler_error(stream, nullptr));
}
