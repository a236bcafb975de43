#pragma once

/// \file
/// Brings records of others into the logs, many at a time: what a consumer of Kafka reads, for one.
/// Each record carries a dedup number of its own, because what became of an append is not always
/// known and then it is repeated.

#include <restate/completion.h>
#include <restate/ids.h>
#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace restate::worker {

class Router;

struct IngestionOptions {
  /// Bytes of records that are taken and not durable yet. A larger record takes all of it.
  std::size_t memory_budget = std::size_t{1} << 20;
  /// One append at most, unless a single record is larger.
  std::size_t batch_bytes = std::size_t{50} << 10;
};

/// Belongs to one shard. Each partition has at most one batch on its way, and a batch that failed
/// goes again before anything else: records of one key never overtake each other.
class Ingestion {
 public:
  /// The partition that owns a key.
  using Owner = Function<PartitionId(PartitionKey)>;
  /// Appends to the log of a partition, all of them or none. The answer comes in a later task.
  using Append = Function<void(PartitionId, std::vector<wire::Envelope>, Completion<void>)>;

  /// Somebody whose record found no room.
  class Waiter {
   public:
    /// Called once per `wait`, in the order of waiting: now `has_room` is true for what was wanted.
    virtual void on_room() = 0;

   protected:
    ~Waiter() = default;
  };

  Ingestion(Shard& shard, const IngestionOptions& options, Owner owner, Append append);
  /// Into the logs of this node. `router` outlives the object.
  Ingestion(Shard& shard, const IngestionOptions& options, Router& router);
  /// What is not durable yet may become so, or not: its completions hear `kShutdown`.
  ~Ingestion();
  Ingestion(const Ingestion&) = delete;
  Ingestion& operator=(const Ingestion&) = delete;

  /// False: there is no room, or others wait for it already. Then `wait` tells when to ask again.
  bool has_room(std::size_t bytes) const;
  /// Takes a record that has a destination and a dedup number. `bytes` is what it costs; there must
  /// be room for that. `durable` is called once the record is in its log.
  void ingest(wire::Envelope record, std::size_t bytes, Completion<void> durable);
  /// Whoever waits for much is not passed by those who need little.
  void wait(Waiter& waiter, std::size_t bytes) { waiters_.push_back({&waiter, bytes}); }
  /// `waiter` waits no more.
  void forget(Waiter& waiter);

  /// Of records that are taken and not durable yet.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Item {
    wire::Envelope record;
    std::size_t bytes = 0;
    Completion<void> durable;
  };
  struct Waiting {
    Waiter* waiter;
    std::size_t bytes;
  };
  struct Lane {
    std::deque<Item> queue;
    std::size_t sending = 0;  ///< of the front: on their way, or to go again as they are
    bool busy = false;
    Duration wait{0};  ///< before the last repetition
    std::unique_ptr<Timer> retry;
  };

  bool fits(std::size_t bytes) const {
    return bytes_ + cost(bytes) <= options_.memory_budget;
  }
  std::size_t cost(std::size_t bytes) const { return std::min(bytes, options_.memory_budget); }
  void schedule();
  void flush();
  void send(PartitionId partition, Lane& lane);
  void on_appended(PartitionId partition, const Result<void>& result);
  void wake();

  Shard& shard_;
  const IngestionOptions options_;
  Owner owner_;
  Append append_;
  std::map<PartitionId, Lane> lanes_;
  std::deque<Waiting> waiters_;
  bool waking_ = false;  ///< it is the turn of one who waited
  std::size_t bytes_ = 0;
  bool scheduled_ = false;  ///< a flush is posted
  Scope scope_;
};

}  // namespace restate::worker
