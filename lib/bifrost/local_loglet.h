#pragma once

/// \file
/// A loglet on this node's disk. The log store gathers what all loglets append into one sync; this
/// class gives out offsets, keeps what became durable at hand for readers, and tells of the tail.

#include "bifrost/record_spans.h"
#include "bifrost/tail_notifier.h"

#include <restate/bifrost/loglet.h>
#include <restate/bifrost/providers.h>
#include <restate/runtime.h>
#include <restate/storage/log_store.h>

#include <deque>
#include <memory>
#include <optional>

namespace restate::bifrost {

/// Always held by a `std::shared_ptr`.
class LocalLoglet final : public Loglet, public std::enable_shared_from_this<LocalLoglet> {
 public:
  LocalLoglet(LogletId id, Shard& shard, storage::LogStore& store, storage::LogletState state,
              LocalLogOptions options);

  void append(SharedBatch batch, Completion<LogletOffset> done) override;
  void seal(Completion<Tail> done) override;
  void find_tail(Completion<Tail> done) override;
  void read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) override;
  std::span<const Record> recent(LogletOffset from) const override;
  void trim(LogletOffset upto, Completion<LogletOffset> done) override;
  LogletOffset trim_point() const override { return trim_point_; }
  Tail known_tail() const override { return tail_.tail(); }
  void watch(TailWatcher& watcher) override { tail_.watch(watcher); }
  void unwatch(TailWatcher& watcher) override { tail_.unwatch(watcher); }

  /// The segment was trimmed away and its records are being removed: no appends ever after.
  void retire();

 private:
  struct Pending {
    LogletOffset first;
    SharedBatch batch;
    Completion<LogletOffset> done;
  };
  void submit(Pending& pending);
  void on_written(Result<void> written);
  void acknowledge(Pending pending);
  void drain();
  void resubmit();
  void on_sealed(Result<storage::LogletState> state, Completion<Tail> done);
  Result<LogletRecords> decode(storage::LogRead found) const;
  Error sealed_error() const;

  const LogletId id_;
  const storage::LogletKey key_;
  Shard& shard_;
  storage::LogStore& store_;

  LogletOffset next_;             ///< of the next append
  bool closed_ = false;           ///< a seal is on its way or done, or the offsets are used up
  std::optional<Error> failure_;  ///< after it nothing is acknowledged
  /// In order: those the store refused because it was overloaded, those it has, those that wait
  /// because of the first.
  std::deque<Pending> pending_;
  std::size_t refused_ = 0;
  std::size_t submitted_ = 0;
  LogletOffset trim_point_;
  std::unique_ptr<Timer> resubmission_;
  const std::size_t recent_bytes_;
  RecordSpans recent_;
  std::unique_ptr<Timer> forget_large_;  ///< made when it is first needed
  TailNotifier tail_;
  Scope scope_;
};

}  // namespace restate::bifrost
