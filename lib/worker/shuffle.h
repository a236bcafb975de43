#pragma once

/// \file
/// Carries the outbox of a partition to the logs of the partitions it writes to. Sends each message
/// until its destination's log has it; the receiver drops what it has seen.

#include "worker/limits.h"

#include <restate/ids.h>
#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace restate::worker {

struct OutboxRow {
  std::uint64_t sequence = 0;
  wire::OutboxMessage message;
};

/// Receivers keep a high-water mark per sender, so a message must never overtake an earlier one to
/// the same destination: each destination has at most one append on its way, and what comes up
/// meanwhile goes together in the next one.
class Shuffle {
 public:
  /// Reads outbox rows with a sequence of at least `from`, in order: none at the end, and otherwise
  /// one or more, up to `rows` of them and until they weigh `bytes`.
  using Read =
      Function<std::vector<OutboxRow>(std::uint64_t from, std::size_t rows, std::size_t bytes)>;
  using Destination = Function<PartitionId(const wire::OutboxMessage&)>;
  /// Appends messages to the log of their destination, all of them or none.
  using Send = Function<void(PartitionId, std::vector<OutboxRow>, Completion<void>)>;
  /// Everything up to and including this sequence has arrived. At most once per turn.
  using Arrived = Function<void(std::uint64_t upto)>;

  Shuffle(Shard& shard, Read read, Destination destination, Send send, Arrived arrived,
          std::size_t window_bytes = limits::kShuffleWindowBytes);

  /// What a message takes in memory, more or less.
  static std::size_t weight(const wire::OutboxMessage& message);

  /// Starts with the rows in the table, none of which has a sequence below `head`: what was there
  /// and is deleted need not be passed over again.
  void start(std::uint64_t head);
  /// A row was written; its message is passed along so that nobody reads it back.
  void on_message(std::uint64_t sequence, const wire::OutboxMessage& message);

 private:
  struct Unconfirmed {
    std::uint64_t sequence = 0;
    std::size_t bytes = 0;
    bool arrived = false;
  };
  struct Lane {
    std::deque<OutboxRow> waiting;
    bool busy = false;
  };

  bool window_open() const {
    return unconfirmed_.size() < limits::kShuffleWindow && bytes_ < window_bytes_;
  }
  void take(OutboxRow row);
  void take_from_table();
  void schedule();
  void flush();
  void send(PartitionId destination, Lane& lane);
  void on_sent(PartitionId destination, const std::vector<std::uint64_t>& sequences,
               std::uint64_t round, const Result<void>& result);
  void retry();

  Shard& shard_;
  Read read_;
  Destination destination_;
  Send send_;
  Arrived arrived_;
  const std::size_t window_bytes_;
  std::deque<Unconfirmed> unconfirmed_;  ///< by sequence
  std::size_t bytes_ = 0;                ///< of them
  std::map<PartitionId, Lane> lanes_;
  std::optional<std::uint64_t> arrived_upto_;  ///< not told yet
  std::uint64_t next_sequence_ = 0;  ///< the first sequence not taken yet
  bool behind_ = false;              ///< the table holds rows from next_sequence_ on
  bool scheduled_ = false;           ///< a flush is posted
  std::uint64_t round_ = 0;          ///< answers of earlier rounds are void
  std::uint64_t retry_ms_ = 0;
  std::unique_ptr<Timer> retry_timer_;
  Scope scope_;
};

}  // namespace restate::worker
