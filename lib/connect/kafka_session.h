#pragma once

/// \file
/// One consumer at work, on a thread of its own: what librdkafka delivers goes to the shard, what the
/// shard is done with comes back. Each partition has a queue, so that one can stand still while the
/// others go on, and nothing is read that nobody has room for.

#include "connect/kafka_handles.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace restate::connect {

class KafkaSession;

/// What the shard's side and the thread share.
struct KafkaLink : std::enable_shared_from_this<KafkaLink> {
  struct Done {
    kafka::Assignment assignment;
    std::int64_t offset = 0;
    std::size_t bytes = 0;
  };

  explicit KafkaLink(Shard& home);
  ~KafkaLink();
  KafkaLink(const KafkaLink&) = delete;
  KafkaLink& operator=(const KafkaLink&) = delete;

  /// Makes the thread look up. From any thread.
  void wake() const;
  /// Calls `tell` with the listener, on the shard, if there is one by then. From any thread.
  void post(Function<void(kafka::Listener&)> tell);

  Shard& shard;
  kafka::Listener* listener = nullptr;  ///< on the shard only; null once the consumer is gone
  KafkaSession* session = nullptr;      ///< on the thread only
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::vector<Done> done;  ///< under the mutex
  int event = -1;          ///< an eventfd
};

class KafkaSession {
 public:
  KafkaSession(std::shared_ptr<KafkaLink> link, kafka::ConsumerOptions options);
  ~KafkaSession();

  /// The thread's life: returns once the link says stop and the group is left.
  void run();

 private:
  struct Lane {
    kafka::Assignment assignment;
    KafkaQueue queue;
    std::size_t outstanding = 0;  ///< bytes that the shard has and is not done with
  };

  Result<void> open();
  void close();
  /// False: nothing was there.
  bool serve_events();
  bool read(Lane& lane);
  void serve_done();
  void take(const rd_kafka_message_t& message);
  void report(const rd_kafka_message_t& message);
  void on_error(rd_kafka_resp_err_t code, const char* reason);
  void fail(Error error);
  void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t& partitions);
  void assign(const rd_kafka_topic_partition_list_t& partitions);
  void revoke(const rd_kafka_topic_partition_list_t& partitions);

  std::shared_ptr<KafkaLink> link_;
  const kafka::ConsumerOptions options_;
  rd_kafka_t* client_ = nullptr;
  KafkaQueue events_;
  std::map<std::int32_t, Lane> lanes_;
  std::uint64_t next_number_ = 1;
  bool failed_ = false;
};

}  // namespace restate::connect
