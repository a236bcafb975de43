#include "schema/subscription.h"

#include "fixtures.h"
#include "schema/kafka_registry.h"
#include "schema/schema.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::schema;
using namespace restate::schema::testing;

namespace {

SubscriptionId id(std::uint8_t number) {
  SubscriptionId result;
  result.ulid.bytes[15] = number;
  return result;
}

KafkaCluster cluster(std::string name, KafkaProperties more = {}) {
  more.emplace("bootstrap.servers", "b:9092");
  return {std::move(name), std::move(more), {7}};
}

/// `Svc/h` is registered, and cluster `one` exists.
Schema with_cluster(KafkaProperties more = {}) {
  RegisterOptions options;
  options.new_id = deployment_id(1);
  Schema schema =
      register_deployment({}, http_address("http://h:1/"),
                          endpoint({service("Svc", wire::ServiceType::kService, {handler("h")})}),
                          options)
          ->schema;
  return *create_kafka_cluster(schema, {}, cluster("one", std::move(more)));
}

SubscriptionRequest request(std::uint8_t number = 1) {
  return {id(number), "kafka://one/topic", "service://Svc/h", {}};
}

}  // namespace

TEST_CASE("ids of subscriptions have a text form", "[schema][kafka]") {
  const std::string text = id(1).str();
  CHECK(text.starts_with("sub_1"));
  CHECK(text.size() == 27);
  CHECK(*SubscriptionId::parse(text) == id(1));
  for (const char* bad : {"", "sub_1", "sub_2aaaaaaaaaaaaaaaaaaaaaa", "dp_1aaaaaaaaaaaaaaaaaaaaaa",
                          "sub_1aaaaaaaaaaaaaaaaaaaaa!"}) {
    CHECK_FALSE(SubscriptionId::parse(bad));
  }
}

TEST_CASE("URIs fall into parts", "[schema][kafka]") {
  const auto parts = parse_uri("KAFKA://my-cluster/a/b?c=d#e");
  REQUIRE(parts);
  CHECK(parts->scheme == "kafka");
  CHECK(parts->authority == "my-cluster");
  CHECK(parts->path == "a/b");
  CHECK(parse_uri("kafka://one")->path.empty());
  CHECK(parse_uri("one/topic")->scheme.empty());
  for (const char* bad : {"", "kafka:// /t", "kafka:///t", "://one/t", "kafka://one/{t}", "\xff"}) {
    CHECK_FALSE(parse_uri(bad));
  }
}

TEST_CASE("secrets are not shown", "[schema][kafka]") {
  const KafkaProperties shown =
      redacted({{"sasl.password", "p"}, {"SASL.Username", "u"}, {"ssl.key.pem", "k"},
                {"ssl.keystore.location", "/k"}, {"my.client.SECRET.x", "s"},
                {"sasl.oauthbearer.config", "c"}, {"bootstrap.servers", "b"}, {"client.id", "c"}});
  CHECK(shown.at("bootstrap.servers") == "b");
  CHECK(shown.at("client.id") == "c");
  for (const auto& [name, value] : shown) {
    if (name != "bootstrap.servers" && name != "client.id") CHECK(value == "***");
  }
}

TEST_CASE("clusters come and go", "[schema][kafka]") {
  const KafkaClusters fixed{{"fixed", cluster("fixed")}};
  Schema schema = *create_kafka_cluster({}, fixed, cluster("one"));
  CHECK(schema.version == 1);
  CHECK(create_kafka_cluster(schema, fixed, cluster("one")).error().status == 409);
  CHECK(create_kafka_cluster(schema, fixed, cluster("fixed")).error().status == 409);
  CHECK(create_kafka_cluster(schema, fixed, {"two", {{"client.id", "x"}}, {}}).error().status == 400);
  CHECK(update_kafka_cluster(schema, fixed, "fixed", {}).error().status == 409);
  CHECK(update_kafka_cluster(schema, fixed, "none", {}).error().status == 404);
  CHECK(update_kafka_cluster(schema, fixed, "one", {}).error().status == 400);
  schema = *update_kafka_cluster(schema, fixed, "one", {{"metadata.broker.list", "c:1"}});
  CHECK(schema.version == 2);
  CHECK(schema.kafka_clusters.at("one").properties ==
        KafkaProperties{{"metadata.broker.list", "c:1"}});
  CHECK(schema.kafka_clusters.at("one").created_at == WallTime{7});
  CHECK(find_cluster(schema, fixed, "fixed") == &fixed.at("fixed"));
  CHECK(delete_kafka_cluster(schema, fixed, "fixed", true).error().status == 409);
  CHECK(delete_kafka_cluster(schema, fixed, "none", true).error().status == 404);
  schema = *delete_kafka_cluster(schema, fixed, "one", false);
  CHECK(schema.kafka_clusters.empty());
}

TEST_CASE("a cluster in use goes only by force", "[schema][kafka]") {
  const Schema schema = *create_subscription(with_cluster(), {}, request());
  const auto refused = delete_kafka_cluster(schema, {}, "one", false);
  CHECK(refused.error().status == 409);
  CHECK(refused.error().message.find(id(1).str()) != std::string::npos);
  const Schema forced = *delete_kafka_cluster(schema, {}, "one", true);
  CHECK(forced.subscriptions.size() == 1);
  // One of the configuration has its name: the subscription is not left alone.
  CHECK(delete_kafka_cluster(schema, {{"one", cluster("one")}}, "one", false));
}

TEST_CASE("subscriptions are checked when they are made", "[schema][kafka]") {
  const Schema schema = with_cluster();
  const auto refusal = [&](std::string source, std::string sink) {
    const auto made =
        create_subscription(schema, {}, {id(1), std::move(source), std::move(sink), {}});
    return made ? RegistryError{200, {}, {}} : made.error();
  };
  CHECK(refusal("http://one/t", "service://Svc/h").code == "META0009");
  CHECK(refusal("one/t", "service://Svc/h").code == "META0009");
  CHECK(refusal("kafka://one/t", "http://Svc/h").code == "META0009");
  CHECK(refusal("kafka://one/t", "service://Svc").code == "META0009");
  CHECK(refusal("kafka://one/t", "service://Svc/none").code == "META0009");
  CHECK(refusal("kafka://one/t", "service://None/h").code == "META0009");
  CHECK(refusal("kafka://two/t", "service://Svc/h").code.empty());
  CHECK(refusal("kafka://two/t", "service://Svc/h").status == 400);
  CHECK(refusal("kafka://one", "service://Svc/h").status == 200);  // fails in the consumer
}

TEST_CASE("subscriptions take defaults from their cluster", "[schema][kafka]") {
  Schema schema = *create_subscription(with_cluster(), {}, request());
  CHECK(schema.subscriptions.at(id(1)).options ==
        KafkaProperties{{"client.id", "restate"}, {"group.id", id(1).str()}});
  CHECK(schema.subscriptions.at(id(1)).source() == "kafka://one/topic");
  CHECK(schema.subscriptions.at(id(1)).sink() == "service://Svc/h");

  schema = with_cluster({{"group.id", "of-cluster"}, {"client.id", "me"}});
  schema = *create_subscription(schema, {}, request());
  CHECK(schema.subscriptions.at(id(1)).group() == "of-cluster");
  auto own = request(2);
  own.options = {{"group.id", "own"}};
  schema = *create_subscription(schema, {}, own);
  CHECK(schema.subscriptions.at(id(2)).options ==
        KafkaProperties{{"client.id", "me"}, {"group.id", "own"}});
  schema = *delete_subscription(schema, id(1));
  CHECK(schema.subscriptions.size() == 1);
  CHECK(delete_subscription(schema, id(1)).error().status == 404);
}

TEST_CASE("consumers decide about offsets themselves", "[schema][kafka]") {
  const KafkaCluster of =
      cluster("one", {{"enable.auto.commit", "false"}, {"a", "1"}, {"b", "1"}});
  Subscription subscription;
  subscription.options = {{"b", "2"}, {"enable.auto.offset.store", "false"}};
  std::vector<std::string> ignored;
  const KafkaProperties properties = consumer_properties(of, subscription, ignored);
  CHECK(properties == KafkaProperties{{"a", "1"},
                                      {"b", "2"},
                                      {"bootstrap.servers", "b:9092"},
                                      {"enable.auto.commit", "true"},
                                      {"enable.auto.offset.store", "false"}});
  CHECK(ignored == std::vector<std::string>{"enable.auto.commit"});
}

TEST_CASE("clusters and subscriptions survive the text form of the registry", "[schema][codec]") {
  const Schema schema = *create_subscription(with_cluster({{"sasl.password", "p"}}), {}, request());
  const auto back = decode(encode(schema));
  REQUIRE(back);
  CHECK(*back == schema);
  // Secrets stay as they are in there.
  CHECK(back->kafka_clusters.at("one").properties.at("sasl.password") == "p");
  CHECK(encode(schema).find(
            R"({"cluster":"one","handler":"h","id":")" + id(1).str() +
            R"(","options":{"client.id":"restate","group.id":")" + id(1).str() +
            R"("},"service":"Svc","topic":"topic"})") != std::string::npos);
  Schema without = schema;
  without.kafka_clusters.clear();
  without.subscriptions.clear();
  CHECK_FALSE(without == schema);
  CHECK(encode(without).find("subscriptions") == std::string::npos);
  for (const char* text :
       {R"({"version":1,"deployments":[],"subscriptions":[{}]})",
        R"({"version":1,"deployments":[],"kafka_clusters":{}})",
        R"({"version":1,"deployments":[],"kafka_clusters":[{"name":"a","properties":{"b":1}}]})"}) {
    CHECK(decode(text) == Code::kCorrupt);
  }
}
