#pragma once

/// \file
/// Owners for what librdkafka hands out.

#include "runtime/kafka.h"

#include <librdkafka/rdkafka.h>

#include <memory>

namespace restate::connect {

template <auto destroy>
struct KafkaDeleter {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDeleter<rd_kafka_conf_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDeleter<rd_kafka_queue_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDeleter<rd_kafka_message_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaDeleter<rd_kafka_topic_partition_list_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDeleter<rd_kafka_error_destroy>>;

/// The record that a message without an error carries.
kafka::Record record_of(const rd_kafka_message_t& message);

/// Properties as librdkafka takes them, and those that a consumer always has.
/// - `kInvalidArgument`: names the property that is unknown or has no such value.
Result<KafkaConf> consumer_conf(const std::map<std::string, std::string>& properties);

}  // namespace restate::connect
