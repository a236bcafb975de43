#pragma once

// Brokers inside the process: librdkafka's own imitation of a cluster, with groups, offsets and
// records in memory, and a producer that writes to it.

#include <restate/assert.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <string>

namespace restate::testing {

class Broker {
 public:
  Broker() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char reason[512];
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    rd_kafka_conf_set(conf, "linger.ms", "0", reason, sizeof reason);
    rd_kafka_conf_set(conf, "partitioner", "consistent", reason, sizeof reason);
    rd_kafka_conf_set_log_cb(conf, nullptr);
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    RESTATE_ASSERT(producer_ != nullptr, "a producer of records");
    cluster_ = rd_kafka_handle_mock_cluster(producer_);
    RESTATE_ASSERT(cluster_ != nullptr, "librdkafka imitates brokers");
  }
  ~Broker() { rd_kafka_destroy(producer_); }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void topic(const std::string& name, int partitions) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  }
  /// Queues a record; null is a record without a key.
  void produce(const std::string& topic, std::int32_t partition, const std::string* key,
               const std::string& value) {
    const void* key_data = key == nullptr ? nullptr : key->data();
    const std::size_t key_size = key == nullptr ? 0 : key->size();
    const auto refused = rd_kafka_producev(
        producer_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
        RD_KAFKA_V_KEY(key_data, key_size),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_HEADER("x-own", "1", 1), RD_KAFKA_V_END);
    RESTATE_ASSERT(refused == RD_KAFKA_RESP_ERR_NO_ERROR, "a record is queued");
    rd_kafka_poll(producer_, 0);
  }
  void produce(const std::string& topic, std::int32_t partition, const std::string& key,
               const std::string& value) {
    produce(topic, partition, &key, value);
  }
  /// Until the brokers have all that was produced.
  bool flush() { return rd_kafka_flush(producer_, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR; }

  void down() { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void up() { rd_kafka_mock_broker_set_up(cluster_, 1); }

 private:
  rd_kafka_t* producer_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;  ///< the producer's
};

}  // namespace restate::testing
