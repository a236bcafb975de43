#pragma once

/// \file
/// Every row of a partition, decoded. For checks that look at all of them at once.

#include "partition/keys.h"
#include "partition/status.h"

#include <restate/result.h>
#include <restate/storage/view.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace restate::partition {

/// Orders objects; the partition key is part of the identity, as it is of the rows' keys.
struct ObjectOrder {
  bool operator()(const ObjectKey& a, const ObjectKey& b) const {
    return std::tie(a.partition_key, a.scope, a.service, a.key) <
           std::tie(b.partition_key, b.scope, b.service, b.key);
  }
};

struct Image {
  /// The rows that belong to one invocation id; without `status`, the id is free.
  struct Invocation {
    std::optional<InvocationStatus> status;
    std::map<std::uint32_t, wire::JournalEntry> journal;
    std::map<std::uint32_t, Announced> announced;
    std::map<wire::NotificationId, Arrival> arrivals;
    std::uint32_t events = 0;
    std::vector<TimerRow> timers;
    std::vector<std::uint64_t> inboxed;  ///< sequences of its rows in inboxes
    std::optional<QueueEntry> entry;     ///< its place in a queue
    std::vector<wire::QueuePlace> waits;  ///< rows in inboxes of queues
    std::vector<wire::QueuePlace> runs;   ///< rows of running entries
  };
  struct Object {
    std::optional<Lock> lock;
    std::map<std::uint64_t, InboxEntry> inbox;
    std::map<std::string, Bytes> state;
    std::map<std::string, Promise> promises;
  };
  std::map<InvocationId, Invocation> invocations;
  std::map<ObjectKey, Object, ObjectOrder> objects;
  std::map<wire::QueueId, QueueMeta> queues;
  std::vector<std::uint64_t> outbox;
  std::map<keys::Variable, Bytes> variables;

  std::uint64_t number(keys::Variable variable) const;
};

Result<Image> read_image(const storage::View& rows);

}  // namespace restate::partition
