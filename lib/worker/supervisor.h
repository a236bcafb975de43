#pragma once

/// \file
/// Keeps the partitions of a shard running. One that stops is opened anew after a pause, from its
/// tables and its log, while the others go on. No record is ever skipped: what cannot be applied is
/// tried again, and said again, until somebody helps.

#include "worker/processor.h"

#include <memory>
#include <vector>

namespace restate::worker {

class Supervisor {
 public:
  /// Everything passed outlives the supervisor.
  Supervisor(ShardContext& context, Group& group, Router& router);
  /// As `close`.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Opens a partition, lets requests find it, and keeps it open.
  void open(const PartitionDescription& description);
  /// Closes all partitions.
  void close();

  /// Tells the invokers of this shard, and those of leaders to come.
  void reconfigure(const invoker::InvokerOptions& options);

  /// True while there are partitions, and all of them have their leaders here.
  bool leads_all() const;
  /// Copies the tables of all partitions; answers with the first error, once all have ended.
  void copy_tables(Completion<std::vector<TableCopy>> done);
  /// How the partitions stand, as of half a second ago at most. May be read from any thread.
  const StatusBoard& board() const { return board_; }
  /// Adds what this shard has counted, and how its partitions stand.
  void collect(MetricsSnapshot& out);
  /// Null if it is not open here. Another one after each restart.
  PartitionProcessor* find(PartitionId partition) const;

 private:
  struct Kept {
    PartitionDescription description;
    std::unique_ptr<PartitionProcessor> processor;
    Instant started;
    Duration wait{0};  ///< before the last restart
    std::uint64_t needed = 0;  ///< the log begins behind this LSN, as far as is known
    std::unique_ptr<Timer> restart;
  };

  void start(Kept& kept);
  void publish();
  void on_stopped(Kept& kept, const Error& error, Recovery recovery);

  ShardContext& context_;
  Group& group_;
  Router& router_;
  std::vector<std::unique_ptr<Kept>> kept_;
  StatusBoard board_;
  std::unique_ptr<Timer> status_timer_;
};

}  // namespace restate::worker
