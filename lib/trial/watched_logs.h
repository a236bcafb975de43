#pragma once

/// \file
/// A log store that tells when the next append after a certain moment is durable, before whoever
/// asked for the append hears of it.

#include <restate/storage/log_store.h>

#include <utility>

namespace restate::testing {

class WatchedLogs final : public storage::LogStore {
 public:
  explicit WatchedLogs(storage::LogStore& logs) : logs_(logs) {}

  /// Calls `durable` once the next append from now on is.
  void watch_next(Function<void()> durable) { durable_ = std::move(durable); }

  void append(storage::LogAppend append, Completion<void> done) override {
    if (!durable_) return logs_.append(std::move(append), std::move(done));
    Shard& shard = done.shard();
    logs_.append(std::move(append),
                 Completion<void>(shard, [durable = std::exchange(durable_, nullptr),
                                          done = std::move(done)](Result<void> result) mutable {
                   if (result) durable();
                   // The crash follows this event; what is answered in it is lost as well.
                   done(std::move(result));
                 }));
  }
  void seal(storage::LogletKey loglet, Completion<storage::LogletState> done) override {
    logs_.seal(loglet, std::move(done));
  }
  void trim(storage::LogletKey loglet, std::uint32_t upto,
            Completion<storage::LogletState> done) override {
    logs_.trim(loglet, upto, std::move(done));
  }
  void state(storage::LogletKey loglet, Completion<storage::LogletState> done) override {
    logs_.state(loglet, std::move(done));
  }
  void read(storage::LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
            Completion<storage::LogRead> done) override {
    logs_.read(loglet, from, max_bytes, std::move(done));
  }
  void remove(storage::LogletKey loglet, Completion<void> done) override {
    logs_.remove(loglet, std::move(done));
  }

 private:
  storage::LogStore& logs_;
  Function<void()> durable_;
};

}  // namespace restate::testing
