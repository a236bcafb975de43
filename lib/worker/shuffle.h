#pragma once

/// \file
/// Carries the outbox of a partition to the logs of the partitions it writes to. Sends each message
/// until its destination's log has it; the receiver drops what it has seen.

#include "worker/limits.h"

#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <deque>
#include <optional>

namespace restate::worker {

struct OutboxRow {
  std::uint64_t sequence = 0;
  wire::OutboxMessage message;
};

class Shuffle {
 public:
  /// Reads the first outbox row with a sequence of at least this.
  using Next = Function<std::optional<OutboxRow>(std::uint64_t from)>;
  /// Appends a message to the log of its destination. A later message to the same destination must
  /// not become durable when an earlier one failed.
  using Send = Function<void(std::uint64_t sequence, wire::OutboxMessage, Completion<void>)>;
  /// Everything up to and including this sequence has arrived.
  using Arrived = Function<void(std::uint64_t upto)>;

  Shuffle(Shard& shard, Next next, Send send, Arrived arrived);

  /// Starts with the rows in the table.
  void start();
  /// A row was written; its message is passed along so that nobody reads it back.
  void on_message(std::uint64_t sequence, const wire::OutboxMessage& message);

 private:
  struct InFlight {
    std::uint64_t sequence = 0;
    std::size_t bytes = 0;
    bool arrived = false;
  };

  bool window_open() const {
    return in_flight_.size() < limits::kShuffleWindow && bytes_ < limits::kShuffleWindowBytes;
  }
  void send(std::uint64_t sequence, wire::OutboxMessage message);
  void send_from_table();
  void on_sent(std::uint64_t sequence, std::uint64_t round, const Result<void>& result);
  void retry();

  Shard& shard_;
  Next next_;
  Send send_;
  Arrived arrived_;
  std::deque<InFlight> in_flight_;  ///< by sequence
  std::size_t bytes_ = 0;
  std::uint64_t next_sequence_ = 0;  ///< the first sequence not sent yet
  bool behind_ = false;              ///< the table holds rows from next_sequence_ on
  std::uint64_t round_ = 0;          ///< answers of earlier rounds are void
  std::uint64_t retry_ms_ = 0;
  std::unique_ptr<Timer> retry_timer_;
  Scope scope_;
};

}  // namespace restate::worker
