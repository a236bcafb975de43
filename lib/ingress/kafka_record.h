#pragma once

/// \file
/// From a record of a topic to an invocation: pure functions, the same on every node. Their results
/// are part of what the log relies on: a record that is read again must get the same producer, the
/// same number and the same partition, or it would run twice.

#include "common/trace.h"
#include "runtime/kafka.h"
#include "schema/schema.h"

#include <restate/ids.h>
#include <restate/wire/commands.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace restate::ingress {

/// Who numbers the records of one partition of a topic for one subscription; their offsets are the
/// numbers. It must never change.
Uuid kafka_producer(const schema::SubscriptionId& subscription, std::string_view group,
                    std::string_view topic, std::int32_t partition);

/// Where a record for an unkeyed service goes: nowhere in particular, but always there.
PartitionKey kafka_service_key(const Uuid& producer, std::int64_t offset);

struct KafkaRules {
  schema::Defaults defaults;
  std::size_t record_limit = std::size_t{32} << 20;  ///< of key and value together
  trace::Sink* traces = nullptr;  ///< of this shard; null: nobody traces
};

/// One partition of a subscription's topic.
struct KafkaSource {
  schema::Subscription subscription;
  std::int32_t partition = 0;
  Uuid producer;

  KafkaSource(const schema::Subscription& of, std::int32_t number)
      : subscription(of),
        partition(number),
        producer(kafka_producer(of.id, of.group(), of.topic, number)) {}
};

/// The record for the log; or why there can be none as things are, which a change of the registry
/// may mend. `fresh` is the uuid of the invocation, if its target does not decide that.
std::variant<std::string, wire::Envelope> invocation_of(const KafkaSource& source,
                                                        const kafka::Record& record,
                                                        const schema::Schema& schema,
                                                        const KafkaRules& rules, const Uuid& fresh);

}  // namespace restate::ingress
