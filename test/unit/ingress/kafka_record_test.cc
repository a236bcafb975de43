#include "ingress/kafka_record.h"

#include "common/hash.h"
#include "fixtures.h"
#include "kafka_fakes.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;

namespace {

schema::Subscription to(std::string service, std::string handler) {
  schema::Subscription subscription;
  for (std::uint8_t i = 0; i < 16; ++i) subscription.id.ulid.bytes[i] = static_cast<std::uint8_t>(i + 1);
  subscription.cluster = "one";
  subscription.topic = "orders";
  subscription.service = std::move(service);
  subscription.handler = std::move(handler);
  subscription.options = {{"group.id", "group"}};
  return subscription;
}

const Uuid kFresh{{9, 9, 9}};

std::variant<std::string, wire::Envelope> map(const schema::Subscription& subscription,
                                              const kafka::Record& record,
                                              const KafkaRules& rules = {}) {
  static const schema::SchemaPtr services = recorded_services();
  return invocation_of(KafkaSource(subscription, 3), record, *services, rules, kFresh);
}

wire::ServiceInvocation mapped(const schema::Subscription& subscription,
                               const kafka::Record& record) {
  auto built = map(subscription, record);
  REQUIRE(std::holds_alternative<wire::Envelope>(built));
  return std::get<wire::Invoke>(std::get<wire::Envelope>(built).command).invocation;
}

std::string refusal(const schema::Subscription& subscription, const kafka::Record& record,
                    const KafkaRules& rules = {}) {
  auto built = map(subscription, record, rules);
  return std::holds_alternative<std::string>(built) ? std::get<std::string>(built) : "";
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

}  // namespace

TEST_CASE("a record of Kafka is its producer's, under its offset", "[ingress][kafka]") {
  const auto subscription = to("Svc", "echo");
  const auto built = map(subscription, record(42, "k", "v"));
  const auto& envelope = std::get<wire::Envelope>(built);
  const Uuid producer = kafka_producer(subscription.id, "group", "orders", 3);
  CHECK(envelope.dedup == wire::Dedup(wire::ProducerDedup{producer, 42}));
  // The bytes that are hashed; they must never change, or records run twice after an update.
  std::string preimage;
  for (int i = 16; i > 0; --i) preimage.push_back(static_cast<char>(i));
  preimage.append(std::string_view("\0\0\0\0group\xff\0\0\0\0orders\xff\0\0\0\0\3\0\0\0", 29));
  CHECK(hex(producer.view()) == hex(xxh3_128(preimage).view()));
  for (const Uuid& other : {kafka_producer({}, "group", "orders", 3),
                            kafka_producer(subscription.id, "other", "orders", 3),
                            kafka_producer(subscription.id, "group", "other", 3),
                            kafka_producer(subscription.id, "group", "orders", 4)}) {
    CHECK(other != producer);
  }
}

TEST_CASE("records for a service spread, and stay where they were", "[ingress][kafka]") {
  const auto subscription = to("Svc", "echo");
  const auto first = mapped(subscription, record(1, "k", "v"));
  CHECK(first.id.key == mapped(subscription, record(1, "another", "w")).id.key);
  CHECK(first.id.key != mapped(subscription, record(2, "k", "v")).id.key);
  CHECK(first.id.uuid == kFresh);
  CHECK(first.target.key.empty());
  const Uuid producer = kafka_producer(subscription.id, "group", "orders", 3);
  std::string preimage(producer.view().rbegin(), producer.view().rend());
  preimage.append(std::string_view("\1\0\0\0\0\0\0\0", 8));
  CHECK(first.id.key.value == xxh3_64(preimage));
}

TEST_CASE("the key of a record is the key of an object or workflow", "[ingress][kafka]") {
  const auto object = mapped(to("Obj", "add"), record(1, "k1", "5"));
  CHECK(object.target.str() == "Obj/k1/add");
  CHECK(object.id == InvocationId{key_of("k1"), kFresh});
  const auto shared = mapped(to("Wf", "query"), record(1, "w1", "5"));
  CHECK(shared.id == InvocationId{key_of("w1"), kFresh});
  const auto run = mapped(to("Wf", "run"), record(1, "w1", "5"));
  CHECK(run.id == mapped(to("Wf", "run"), record(2, "w1", "6")).id);
  CHECK(run.id.uuid == workflow_uuid({}, "Wf", "w1"));
  CHECK(run.retention.completion_ms == 86'400'000);

  kafka::Record without;
  CHECK(mapped(to("Obj", "add"), without).target.str() == "Obj//add");
}

TEST_CASE("handlers see where a record comes from, and nothing that it brings", "[ingress][kafka]") {
  const auto subscription = to("Obj", "add");
  kafka::Record full = record(7, "k?>", "body");
  full.headers = {{"traceparent", "00-1-2-01"}, {"tracestate", "a=b"}, {"x-own", "1"}};
  const auto invocation = mapped(subscription, full);
  CHECK(invocation.headers ==
        std::vector<wire::Header>{{"kafka.offset", "7"},
                                  {"kafka.topic", "orders"},
                                  {"kafka.partition", "3"},
                                  {"kafka.timestamp", "1700000000123"},
                                  {"restate.subscription.id", subscription.id.str()},
                                  {"kafka.key", "az8-"}});
  CHECK(invocation.argument == Bytes("body"));
  CHECK(invocation.source.kind == wire::Source::Kind::kSubscription);
  CHECK(invocation.source.subscription == subscription.id.str());
  CHECK(invocation.span == wire::SpanContext{"00-1-2-01", "a=b"});
  CHECK_FALSE(invocation.idempotency_key);
  CHECK_FALSE(invocation.response_sink);
  // As of any invocation without a key: the journal is kept for a day, and the result with it.
  CHECK(invocation.retention == schema::retention_of(*recorded_services(), {}, invocation.target, false));

  kafka::Record bare;
  bare.offset = 8;
  const auto empty = mapped(to("Svc", "echo"), bare);
  CHECK(empty.headers.size() == 4);
  CHECK(empty.argument.empty());
  CHECK(mapped(subscription, record(1, "k", "")).headers[5].value == "aw==");
}

TEST_CASE("records that cannot become invocations say why", "[ingress][kafka]") {
  CHECK(refusal(to("None", "h"), record(1, "k", "v")).find("not registered") != std::string::npos);
  CHECK(refusal(to("Svc", "none"), record(1, "k", "v")).find("no handler") != std::string::npos);
  CHECK(refusal(to("Obj", "add"), record(1, "\xff", "v")).find("UTF-8") != std::string::npos);
  CHECK(refusal(to("Svc", "echo"), record(1, "\xff", "v")).empty());
  KafkaRules small;
  small.record_limit = 4;
  CHECK(refusal(to("Svc", "echo"), record(1, "kk", "vvv"), small).find("5 bytes") !=
        std::string::npos);
  CHECK(refusal(to("Svc", "echo"), record(1, "kk", "vv"), small).empty());
  // The log would hold the key twice.
  CHECK(refusal(to("Svc", "echo"), record(1, std::string(28u << 20, 'k'), "v"))
            .find("that the log takes") != std::string::npos);
  // What HTTP does not allow: the subscription belongs to the operator.
  CHECK(refusal(to("PrivSvc", "hi"), record(1, "k", "v")).empty());
  CHECK(refusal(to("Svc", "hidden"), record(1, "k", "v")).empty());
  // No input rules either.
  CHECK(refusal(to("Svc", "empty"), record(1, "k", "v")).empty());
}

TEST_CASE("producers and places of records are those of restate-server 1.7.12", "[ingress][kafka]") {
  // Ids of the invocations that it made from six records of topic `orders`, group `my-group`.
  const auto subscription = schema::SubscriptionId::parse("sub_12j78JjOM5EbfLobKhLFtgB");
  REQUIRE(subscription);
  CHECK(subscription->str() == "sub_12j78JjOM5EbfLobKhLFtgB");
  struct Recorded {
    std::int32_t partition;
    std::int64_t offset;
    const char* invocation;
  };
  for (const auto& [partition, offset, invocation] :
       {Recorded{0, 0, "inv_18OuIGs6fpnx3IF2Z1k0AXy0Vdw4bdhsM9"},
        Recorded{0, 1, "inv_1cQdYtNxGKFv0FQOC5doJg9OW5EnLqwvsZ"},
        Recorded{0, 2, "inv_19WN72HNBAMh4EM71ETIz5gEqtUYLwIuAh"},
        Recorded{1, 0, "inv_17Tjyhr4EUMX7ty1YncwDUzvlhkorOJyJX"},
        Recorded{1, 1, "inv_19Eji5ZppAn34R7KyeBAjubm5bH2SMGI1z"},
        Recorded{1, 2, "inv_1jkuJbvO0U2H4DybGnjgYwvrO6W1JD66gF"}}) {
    const Uuid producer = kafka_producer(*subscription, "my-group", "orders", partition);
    CHECK(kafka_service_key(producer, offset) == InvocationId::parse(invocation)->key);
  }
}
