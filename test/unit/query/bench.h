#pragma once

// Two partitions with rows put in by hand, and a view that counts what is read of them.

#include "query/inputs.h"
#include "support/partition.h"

#include <atomic>
#include <memory>
#include <string>

namespace restate::query::testing {

/// How many rows were looked at, one by one or in scans. Read by several threads.
struct ReadCounts {
  std::atomic<int> gets{0};
  std::atomic<int> scanned{0};
};

/// One partition per half of the key space.
class Bench {
 public:
  Bench();

  void put(const InvocationId& id, const partition::InvocationStatus& status);
  void put(const InvocationId& id, std::uint32_t index, const wire::JournalEntry& entry);
  void put(const InvocationId& id, const partition::EventRow& event);
  void put_state(const partition::ObjectKey& object, std::string_view name, const Bytes& value);
  void put_promise(const partition::ObjectKey& object, std::string_view name,
                   const partition::Promise& promise);
  void put_inbox(const partition::ObjectKey& object, std::uint64_t sequence,
                 const partition::InboxEntry& entry);
  void put_lock(const partition::ObjectKey& object, const partition::Lock& lock);
  void put_live(LiveAttempt attempt);
  void put(const InvocationId& id, const partition::QueueEntry& entry);
  void put(const wire::QueueId& id, const partition::QueueMeta& queue);
  void put_raw(PartitionKey key, std::string row_key, Bytes value);

  schema::Schema schema;
  schema::RuleBook rules;
  std::vector<PermitCounter> permits;  ///< of the leaders that have their scopes
  bool scoped = false;

  /// What a statement would be given now.
  InputsPtr inputs() const;
  ReadCounts& counts() { return *counts_; }

 private:
  struct Half {
    KeyRange keys;
    restate::testing::MapView rows;
    std::vector<LiveAttempt> live;
  };
  Half& of(PartitionKey key) { return halves_[key.value >> 63]; }

  Half halves_[2];
  std::shared_ptr<ReadCounts> counts_ = std::make_shared<ReadCounts>();
};

InvocationId id_of(std::uint64_t key, std::uint8_t n);
partition::ObjectKey object_of(std::string service, std::string key);

/// An invoked call of `Greeter/greet`.
partition::InvocationStatus invoked_status();

}  // namespace restate::query::testing
