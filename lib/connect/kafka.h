#pragma once

/// \file
/// Consumers of Kafka by librdkafka: one thread for each, beside those of the library itself.

#include "runtime/kafka.h"

#include <memory>

namespace restate::connect {

/// Consumers that are destroyed leave their groups on their threads; the destructor waits for them.
/// It goes before the runtime of their shards.
std::unique_ptr<kafka::Connector> make_kafka_connector();

}  // namespace restate::connect
