#pragma once

/// \file
/// Keeps the log of a partition short: has its tables flushed, reports to the log what is durable,
/// and lets the log forget what has been for a while.

#include "worker/context.h"
#include "worker/trim_queue.h"
#include "worker/unflushed.h"

#include <restate/wire/commands.h>

#include <cstdint>
#include <optional>

namespace restate::worker {

class Durability {
 public:
  /// Whether the tables should be flushed.
  enum class Need : std::uint8_t {
    kNone,
    kPins,  ///< old segments cannot go because of a few records here; it can wait for its turn
    kNow,
  };
  /// Proposes a report; false if nobody leads here.
  using Report = Function<bool(const wire::UpdateDurability&)>;

  /// `known` is what the log has been told already, `applied` how far the tables go.
  Durability(ShardContext& context, Router& router, storage::PartitionSpace& space,
             bifrost::LogId log, const std::optional<wire::UpdateDurability>& known,
             std::uint64_t applied, Report report);

  /// Records from `first` to `last` are committed. `work`: not all of them are reports, which alone
  /// are not worth a flush, nor a report of their own.
  void committed(std::uint64_t first, std::uint64_t last, std::size_t bytes, bool work);
  /// A report was applied.
  void on_report(const wire::UpdateDurability& report);
  /// This node leads now: what an earlier leader has proposed may be lost.
  void on_lead() { proposed_ = 0; }

  /// Copies of the tables are made, and all of them reach this far: the log keeps what is behind.
  void set_archived(std::uint64_t lsn) { archived_ = lsn; }

  /// The log knows that everything up to here is durable.
  std::uint64_t reported() const { return known_; }

  Need need();
  /// The bytes of the node's log that the oldest record not flushed stands in the way of.
  std::uint64_t pinned_bytes() const;
  void flush();
  /// Reports and trims what there is, and looks whether RocksDB has flushed on its own.
  void check();
  /// Another look would find nothing to do, until something is committed.
  bool settled() const;

 private:
  bool reporting_is_due() const;
  /// How far a report would go, if one is due; 0 otherwise.
  std::uint64_t due_report() const;
  void report();
  void trim();
  void on_trimmed(std::uint64_t upto, const Result<bifrost::Lsn>& result);

  ShardContext& context_;
  Router& router_;
  storage::PartitionSpace& space_;
  const bifrost::LogId log_;
  Report report_;
  Unflushed unflushed_;
  TrimQueue trims_;
  std::unique_ptr<Timer> trim_timer_;
  std::uint64_t known_ = 0;     ///< reported and applied
  std::uint64_t proposed_ = 0;  ///< reported
  std::uint64_t archived_ = UINT64_MAX;
  std::uint64_t work_ = 0;      ///< the last record that was no report
  std::uint64_t applied_ = 0;
  std::uint64_t reported_at_bytes_ = 0;
  bool flushing_ = false;
  bool trimming_ = false;
  Scope scope_;
};

}  // namespace restate::worker
