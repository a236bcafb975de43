#pragma once

/// \file
/// One partition of a topic while it is ours: its records go into the log one after the other, and
/// an offset counts once all records up to it are there. A record that cannot become an invocation
/// holds up this partition and no other.

#include "common/metrics.h"
#include "ingress/kafka_record.h"
#include "runtime/kafka.h"
#include "schema/source.h"
#include "worker/ingestion.h"

#include <restate/runtime.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace restate::ingress {

/// A pause before the next try, twice as long each time.
Duration next_kafka_wait(Duration last);

class KafkaLane final : private worker::Ingestion::Waiter {
 public:
  /// Everything passed outlives the lane. `on_trouble` is called when `trouble` has changed;
  /// `invoked` counts the records that have become invocations.
  KafkaLane(Shard& shard, worker::Ingestion& ingestion, schema::SchemaSource& schemas,
            const KafkaRules& rules, KafkaSource source, kafka::Assignment assignment,
            kafka::Consumer& consumer, Counter& invoked, Function<void()> on_trouble);
  ~KafkaLane();
  KafkaLane(const KafkaLane&) = delete;
  KafkaLane& operator=(const KafkaLane&) = delete;

  void add(std::vector<kafka::Record> records);
  /// Tries a record that was refused again, now: the registry has changed.
  void try_now();
  /// Set while the first record cannot become an invocation.
  const std::optional<schema::SubscriptionTrouble>& trouble() const { return trouble_; }

 private:
  /// On its way to the log.
  struct Sent {
    std::int64_t offset = 0;
    std::size_t bytes = 0;
    bool durable = false;
  };

  void on_room() override;
  void pump();
  void refuse(const kafka::Record& record, std::string why);
  void on_durable(std::uint64_t number, const Result<void>& result);

  Shard& shard_;
  worker::Ingestion& ingestion_;
  schema::SchemaSource& schemas_;
  const KafkaRules& rules_;
  const KafkaSource source_;
  const kafka::Assignment assignment_;
  kafka::Consumer& consumer_;
  Counter& invoked_;
  Function<void()> on_trouble_;
  std::deque<kafka::Record> waiting_;
  std::deque<Sent> sent_;
  std::uint64_t first_sent_ = 0;  ///< the number of the first of them
  bool waits_for_room_ = false;
  std::optional<schema::SubscriptionTrouble> trouble_;
  Duration wait_{0};
  std::unique_ptr<Timer> retry_;
  Scope scope_;
};

}  // namespace restate::ingress
