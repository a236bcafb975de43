#pragma once

/// \file
/// A loglet is one segment of a log. Records go to its tail until somebody seals it; from then on
/// it only serves reads, and the log continues in the next loglet of its chain.

#include <restate/bifrost/types.h>
#include <restate/completion.h>

#include <memory>
#include <span>
#include <string>

#pragma GCC visibility push(default)

namespace restate {
class Random;
class Shard;
}  // namespace restate

namespace restate::bifrost {

/// Told whenever the durable tail of a loglet moves. Called on the loglet's shard, once for all that
/// became durable together; the tail never goes back, and a sealed loglet never opens again.
class TailWatcher {
 public:
  virtual void on_tail(const Tail& tail) = 0;  ///< the newest one; those in between are not told

 protected:
  ~TailWatcher() = default;
};

/// What a read returns: consecutive records from `first` on.
struct LogletRecords {
  LogletOffset first;   ///< meaningless when there are no records
  RecordBatch records;  ///< with offsets `first`, `first + 1`, ...
};

/// A loglet belongs to the shard that opened it: call it there, and completions run there too,
/// never before the call that asked for them has returned.
class Loglet {
 public:
  virtual ~Loglet() = default;

  /// Appends `batch`, which is not empty, in order. Completes with the offset of its last record,
  /// once all of them are durable; batches become durable, and are answered, in the order they were
  /// appended. Once one is answered with `kSealed`, so is every later one.
  ///
  /// - `kSealed`: nothing of the batch was written, nor ever will be.
  /// - `kUnavailable`: unknown. Readers may still see the records; retry only what is idempotent.
  /// - `kFailed`: the disk refused; unknown, and nothing later will be acknowledged.
  virtual void append(SharedBatch batch, Completion<LogletOffset> done) = 0;

  /// Closes the loglet for good. Completes once no append can succeed any more. Idempotent.
  virtual void seal(Completion<Tail> done) = 0;

  /// Finds the durable tail. It covers every append completed before this call, on any node.
  virtual void find_tail(Completion<Tail> done) = 0;

  /// Reads records from `from` on: at least one, at most `max_bytes` worth. Empty at the tail.
  /// - `kTrimmed`: `from` is trimmed; see `trim_point`.
  /// - `kCorrupt`: a record cannot be what was written; the message names it.
  virtual void read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) = 0;

  /// Records from `from` on that are still in memory as they were appended, `decoded` included, and
  /// that lie below the known tail. Maybe not all of them: ask again behind the last one. Empty
  /// when `from` is not at hand. Valid until the shard does anything else with the loglet.
  virtual std::span<const Record> recent(LogletOffset from) const = 0;

  /// Forgets records up to `upto`, clamped to the tail. Completes with the durable trim point.
  virtual void trim(LogletOffset upto, Completion<LogletOffset> done) = 0;

  /// The last trimmed offset; 0 if nothing was trimmed.
  virtual LogletOffset trim_point() const = 0;

  /// The newest durable tail known here.
  virtual Tail known_tail() const = 0;
  /// Tells `watcher` of every later move of the tail, until `unwatch`; it outlives that.
  virtual void watch(TailWatcher& watcher) = 0;
  /// Nothing is told any more. Of a watcher that is not there: nothing.
  virtual void unwatch(TailWatcher& watcher) = 0;
};

/// Makes the loglets of one kind.
class LogletProvider {
 public:
  virtual ~LogletProvider() = default;
  /// Opens the loglet of a segment for use on `shard`. `params` is the provider's own string from
  /// the Logs document. Of one segment there is one loglet per shard; the shard that runs the
  /// partition of the log (log id modulo the number of shards) has the shortest way to it.
  virtual void open(LogletId id, const std::string& params, Shard& shard,
                    Completion<std::shared_ptr<Loglet>> done) = 0;
  /// Parameters for a new segment, to be stored in the Logs document. Never twice the same: a
  /// writer recognises its own segment by them. `random` is the caller's source.
  virtual std::string propose_params(LogletId id, Random& random) = 0;
  /// Removes what is stored of a segment that was trimmed away. It takes no appends ever after.
  virtual void remove(LogletId id, Completion<void> done) = 0;
  /// Lets go of the loglets that live on `shard`. Called there, before the provider goes, when
  /// nothing uses any of them. A provider whose shards are one thread has nothing to do.
  virtual void leave(Shard&) {}
};

}  // namespace restate::bifrost

#pragma GCC visibility pop
