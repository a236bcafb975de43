// What stands in for librdkafka in a build without it.

#include "connect/kafka.h"

namespace restate::connect {

std::unique_ptr<kafka::Connector> make_kafka_connector() { return nullptr; }

}  // namespace restate::connect
