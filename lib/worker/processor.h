#pragma once

/// \file
/// One partition on one node: reads its log, applies it, and leads when it may. Everything that
/// changes its tables came through the log.

#include "worker/client.h"
#include "worker/context.h"
#include "worker/durability.h"
#include "worker/partition_status.h"
#include "worker/proposer.h"
#include "worker/table_copy.h"

#include <restate/metadata/epoch_metadata.h>
#include <restate/partition/machine.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace restate::worker {

class Copier;
class Leader;

struct PartitionDescription {
  PartitionId id;
  KeyRange keys;
  bifrost::LogId log;

  /// For error texts: a record of its log.
  std::string at(std::uint64_t lsn) const;
};

/// What may help a partition that stopped.
enum class Recovery : std::uint8_t {
  kRetry,     ///< to open it again
  kWaitLong,  ///< the same, after somebody has done something: a newer program, say
  kNone,      ///< nothing that it could do by itself
};

class PartitionProcessor final : private bifrost::ReadListener {
 public:
  using Role = PartitionStatus::Role;

  /// Called once, from inside the processor: it can be destroyed after the turn, not before.
  using OnStopped = Function<void(const Error&, Recovery)>;

  PartitionProcessor(ShardContext& context, Group& group, Router& router,
                     PartitionDescription description, OnStopped on_stopped);
  ~PartitionProcessor();
  PartitionProcessor(const PartitionProcessor&) = delete;
  PartitionProcessor& operator=(const PartitionProcessor&) = delete;

  /// Opens the tables, starts to read the log, and runs for leadership if it may. Tables that end
  /// before `needed`, where the log begins, are of no use: a copy takes their place.
  void start(std::uint64_t needed = 0);

  PartitionId id() const { return description_.id; }
  Role role() const { return role_; }
  /// Why it stopped.
  const std::optional<Error>& stopped() const { return stopped_; }
  /// The leader, while this node leads and serves.
  Leader* leader() { return role_ == Role::kLeader ? leader_.get() : nullptr; }
  /// True while it is elected, but waits for the log to switch on what it wants: requests may wait
  /// with it.
  bool elected() const { return role_ == Role::kCandidate && awaits_barrier_; }
  /// Runs `request` once it leads; with null if it does not come to that. Only while `elected`.
  void park(Function<void(Leader*)> request) { parked_.push_back(std::move(request)); }
  /// True: no more should be parked.
  bool full_of_requests() const { return parked_.size() >= limits::kParkedRequests; }
  PartitionStatus status() const;
  /// Once it has stopped because the log has no records up to here: what `start` needs next time.
  std::optional<std::uint64_t> missing() const { return missing_; }
  /// Copies the tables as they are now to where copies are kept.
  /// - `kFailedPrecondition`: there is no such place, or the tables are not open.
  void copy_tables(Completion<TableCopy> done);
  const partition::Machine& machine() const { return *machine_; }
  /// Only once it `has_tables`.
  storage::PartitionSpace& space() { return *space_; }
  bool has_tables() const { return space_ != nullptr; }
  Proposer& proposer() { return proposer_; }
  ShardContext& context() { return context_; }
  Router& router() { return router_; }
  const PartitionDescription& description() const { return description_; }
  PartitionMetrics& metrics() { return metrics_; }
  storage::Position durable() const { return space_ ? space_->durable() : storage::Position{}; }
  /// Of records that are read and wait to be applied.
  std::size_t pending_bytes() const { return pending_bytes_; }
  /// Null while the log is not open.
  Durability* durability() { return durability_.get(); }

  // For the group, once per turn.
  /// Applies what waits, up to the bounds of a batch. True: `commit` has something to write.
  bool apply_pending();
  storage::Commit commit() const;
  /// The commit is in the store: actions may run.
  void on_committed();

  /// The tables cannot be read: the partition stops, once the caller has returned.
  void fail(Error error);

 private:
  void on_entries(std::span<bifrost::LogEntry> entries) override;
  void on_read_error(const Error& error) override;

  /// True: there may be copies, and the tables are not there or too old.
  Result<bool> needs_copy() const;
  void look_for_copies();
  /// From the newest copy that was not tried yet.
  void restore();
  void on_restored(std::uint64_t applied, const Result<TableCopy>& restored);
  void begin_copying();
  void open_format();
  /// Brings the tables to the present format, a batch per turn.
  void migrate();
  void open_tables();
  void open_log();
  void read_log(const bifrost::LogTail& tail);
  /// Stops for good: the log has lost what the tables hold, and will soon hold something else.
  void seal(const bifrost::LogTail& tail);
  void campaign();
  void on_claimed(const Result<metadata::EpochMetadata>& claimed);
  void on_announced(const wire::AnnounceLeader& announced);
  /// Features to be switched on that the log does not know yet.
  Result<std::vector<std::uint16_t>> missing_features() const;
  /// A barrier is applied that may be the one it waits for.
  void on_barrier();
  void begin_leading();
  /// Lets those that waited go on, or tells them that nobody leads.
  void release_parked(Leader* leader);
  void on_proposal_lost(const Error& error);
  void step_down(const Error& why);
  void stop(Error error);
  void stop(Error error, Recovery recovery);
  /// Does what the records since the last commit ask for, if this one leads.
  void run_actions();

  ShardContext& context_;
  Group& group_;
  Router& router_;
  const PartitionDescription description_;
  PartitionMetrics& metrics_;
  OnStopped on_stopped_;
  Role role_ = Role::kStarting;
  std::optional<Error> stopped_;
  std::unique_ptr<storage::PartitionSpace> space_;
  std::uint64_t needed_ = 0;                ///< tables that end before are of no use
  std::optional<std::uint64_t> missing_;
  std::vector<std::uint64_t> copies_;       ///< that may be restored, newest first
  std::unique_ptr<TableImport> import_;
  std::unique_ptr<partition::Migrator> migrator_;
  std::unique_ptr<partition::Machine> machine_;
  Proposer proposer_;
  std::deque<bifrost::LogEntry> pending_;
  std::size_t pending_bytes_ = 0;
  bool reader_paused_ = false;

  // The batch between apply and commit.
  storage::Batch batch_;
  partition::Actions actions_;
  std::optional<wire::AnnounceLeader> announced_;
  std::optional<wire::UpdateDurability> reported_;
  std::size_t batch_bytes_ = 0;
  bool batch_works_ = false;  ///< it holds more than reports of what is durable
  std::uint64_t committed_ = 0;

  bool barrier_passed_ = false;
  LeaderEpoch claimed_;
  bool awaits_barrier_ = false;  ///< elected, but the features it wants are not in the log yet
  std::vector<Function<void(Leader*)>> parked_;
  std::uint64_t log_tail_ = 0;  ///< when the log was opened
  std::unique_ptr<Timer> migration_timer_;
  std::unique_ptr<Timer> campaign_timer_;
  std::uint64_t campaign_wait_ms_ = 0;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<Durability> durability_;
  std::unique_ptr<Copier> copier_;
  /// Last but the scope, so that nothing arrives while the rest goes.
  std::unique_ptr<bifrost::ReadStream> reader_;
  Scope scope_;
};

}  // namespace restate::worker
