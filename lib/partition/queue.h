#pragma once

/// \file
/// What a partition knows about invocations that carry a scope: their queues, and where each of them
/// stands. Rows exist only while the feature `vqueues` is on.

#include <restate/partition/actions.h>
#include <restate/wire/invocation.h>
#include <restate/wire/queue.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition {

/// `inbox`, `running`, ... as SQL shows it.
std::string_view to_string(QueueStage stage);

/// Why an entry is where it is. Numbers are stored.
enum class QueueReason : std::uint8_t {
  kNew = 1,         ///< has never run
  kStarted = 3,     ///< runs, or has
  kBackingOff = 4,  ///< its last attempt failed, and another one comes
  kYielded = 5,     ///< its last attempt was taken from it: by a change of leaders, for its memory
};

std::string_view to_string(QueueReason reason);

/// The entry of one invocation, from its first stay in a queue to its end.
struct QueueEntry {
  QueueStage stage = QueueStage::kInbox;
  QueueReason reason = QueueReason::kNew;
  Uuid queue;              ///< digest
  wire::QueuePosition at;  ///< its place in the inbox, or the one from which it was run
  wire::RetryState retry;  ///< of the residency that goes on with the next attempt
  std::uint64_t runs = 0;  ///< how often it left the inbox to run
  bool operator==(const QueueEntry&) const = default;
};

/// A queue, as long as it has entries or is paused.
struct QueueMeta {
  std::string scope;
  std::string limit_key;
  std::string service;
  std::optional<std::string> object;  ///< of exclusive handlers
  bool paused = false;
  std::uint64_t entries = 0;  ///< in all stages
  WallTime created;
  bool operator==(const QueueMeta&) const = default;
};

/// The queue of invocations of `target` that live at `key`. The target carries a scope.
wire::QueueId queue_of(PartitionKey key, const wire::InvocationTarget& target,
                       std::string_view limit_key);

}  // namespace restate::partition
