#include "ingress/kafka_record.h"

#include "common/base64.h"
#include "common/hash.h"
#include "common/utf8.h"
#include "common/version.h"
#include "ingress/identity.h"
#include "worker/limits.h"

#include <restate/testing/mutation.h>

namespace restate::ingress {
namespace {

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

/// The 128 bits as a number in little endian.
void append_little_endian(std::string& out, const Uuid& uuid) {
  append_little_endian(out, uuid.low(), 8);
  append_little_endian(out, uuid.high(), 8);
}

/// With padding, which is optional elsewhere.
std::string padded_base64url(std::string_view bytes) {
  std::string text = base64::encode_url(bytes);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::string header_of(const kafka::Record& record, std::string_view name) {
  for (const auto& [header, value] : record.headers) {
    if (header == name) return value;
  }
  return {};
}

/// Handlers see these, in this order; those of the record stay behind.
std::vector<wire::Header> headers_of(const KafkaSource& source, const kafka::Record& record) {
  std::vector<wire::Header> headers{{"kafka.offset", std::to_string(record.offset)},
                                    {"kafka.topic", source.subscription.topic},
                                    {"kafka.partition", std::to_string(source.partition)}};
  if (record.timestamp_ms) {
    headers.push_back({"kafka.timestamp", std::to_string(*record.timestamp_ms)});
  }
  headers.push_back({"restate.subscription.id", source.subscription.id.str()});
  if (record.key) headers.push_back({"kafka.key", padded_base64url(record.key->view())});
  return headers;
}

/// A handler that exists and whose endpoint speaks with us. It may be private: the subscription is
/// the operator's own.
std::string refuse_handler(const schema::Subscription& subscription, const schema::Schema& schema) {
  const schema::ServiceRevision* service = schema.find_service(subscription.service);
  if (service == nullptr) return "the service '" + subscription.service + "' is not registered";
  if (!service->handlers.contains(subscription.handler)) {
    return "the service '" + subscription.service + "' has no handler '" + subscription.handler + "'";
  }
  const schema::Deployment* deployment = schema.find_deployment(service->deployment);
  if (deployment == nullptr || deployment->min_protocol > schema::kMaxProtocol ||
      deployment->max_protocol < schema::kMinProtocol) {
    return "the deployment " + service->deployment.str() + " of the service '" +
           subscription.service + "' speaks no protocol version that is supported";
  }
  return {};
}

InvocationId id_of(const KafkaSource& source, const kafka::Record& record,
                   const wire::InvocationTarget& target, const Uuid& fresh) {
  if (target.workflow_run()) return identify_workflow(target.service, target.key, {});
  if (target.keyed()) return {key_of(target.key), fresh};
  return {kafka_service_key(source.producer, record.offset), fresh};
}

}  // namespace

Uuid kafka_producer(const schema::SubscriptionId& subscription, std::string_view group,
                    std::string_view topic, std::int32_t partition) {
  std::string preimage;
  append_little_endian(preimage, subscription.ulid);
  append_little_endian(preimage, 0, 4);
  preimage.append(group).push_back('\xff');
  append_little_endian(preimage, 0, 4);
  preimage.append(topic).push_back('\xff');
  append_little_endian(preimage, 0, 4);
  append_little_endian(preimage, static_cast<std::uint32_t>(partition), 4);
  return xxh3_128(preimage);
}

PartitionKey kafka_service_key(const Uuid& producer, std::int64_t offset) {
  std::string preimage;
  append_little_endian(preimage, producer);
  append_little_endian(preimage, static_cast<std::uint64_t>(offset), 8);
  return {xxh3_64(preimage)};
}

std::variant<std::string, wire::Envelope> invocation_of(const KafkaSource& source,
                                                        const kafka::Record& record,
                                                        const schema::Schema& schema,
                                                        const KafkaRules& rules,
                                                        const Uuid& fresh) {
  const schema::Subscription& subscription = source.subscription;
  if (std::string why = refuse_handler(subscription, schema); !why.empty()) return why;
  const std::string_view key = record.key ? record.key->view() : std::string_view();
  const std::size_t size = key.size() + (record.value ? record.value->size() : 0);
  if (size > rules.record_limit) {
    return "the record has " + std::to_string(size) + " bytes, more than the " +
           std::to_string(rules.record_limit) + " of ingress.request-size-limit";
  }
  // A record of ours has the key of theirs twice: as it is, and as text in a header.
  const std::size_t recorded = size + (key.size() + 2) / 3 * 4;
  if (recorded > worker::limits::kLargestInvocation) {
    return "the record would have " + std::to_string(recorded) + " bytes, more than the " +
           std::to_string(worker::limits::kLargestInvocation) + " that the log takes";
  }
  auto target = schema::resolve_target(schema, subscription.service, key, subscription.handler, {});
  if (!target) return target.error().message;
  if (target->keyed() && !is_utf8(key)) {
    return "the key of the record is not UTF-8, as keys of '" + subscription.service + "' must be";
  }

  wire::ServiceInvocation invocation;
  invocation.id = id_of(source, record, *target, fresh);
  invocation.retention = schema::retention_of(schema, rules.defaults, *target, false);
  invocation.target = *std::move(target);
  if (record.value) invocation.argument = *record.value;
  invocation.source.kind = wire::Source::Kind::kSubscription;
  invocation.source.subscription = subscription.id.str();
  invocation.created_by = std::string(kVersion);
  invocation.span = {header_of(record, "traceparent"), header_of(record, "tracestate")};
  invocation.headers = headers_of(source, record);
  wire::Envelope envelope;
  if (!RESTATE_MUTATION("ingress/kafka-without-dedup")) {
    envelope.dedup =
        wire::ProducerDedup{source.producer, static_cast<std::uint64_t>(record.offset)};
  }
  envelope.command = wire::Invoke{std::move(invocation)};
  return envelope;
}

}  // namespace restate::ingress
