#pragma once

// `SegmentLog` behind the interface of a log store without a thread: the "writer" is a task of the
// simulated world, so that a run on disk formats and power failures follows from its seed.

#include "storage/segment_log/segment_log.h"

#include <restate/runtime.h>

#include <deque>
#include <utility>

namespace restate::testing {

class InlineLogStore final : public storage::LogStore {
 public:
  InlineLogStore(std::unique_ptr<storage::SegmentLog> log, Shard& shard)
      : log_(std::move(log)), shard_(shard) {}

  /// Stops in front of the disk: what waits is answered with `kShutdown`.
  ~InlineLogStore() override {
    for (Call& call : calls_) {
      shard_.post([call = std::move(call)]() mutable {
        call.answer(Error{Code::kShutdown, "closed"});
      });
    }
  }

  storage::SegmentLog& log() { return *log_; }
  /// Writes what waits, now.
  void write() {
    std::deque<Call> calls = std::exchange(calls_, {});
    std::vector<Result<void>> staged;
    Result<void> failure;
    for (Call& call : calls) {
      staged.push_back(failure ? call.stage(*log_) : failure);
      if (staged.back() == Code::kFailed) failure = staged.back();
    }
    if (failure) failure = log_->commit();
    if (failure) failure = log_->tidy();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Call& call = calls[i];
      if (staged[i] && failure) {
        call.answer(log_->state(call.loglet));
      } else {
        call.answer(staged[i] ? failure.error() : staged[i].error());
      }
    }
  }

  void append(storage::LogAppend append, Completion<void> done) override {
    const storage::LogletKey key = append.loglet;
    submit(key,
           [append = std::move(append)](storage::SegmentLog& log) { return log.append(append); },
           std::move(done), {});
  }
  void seal(storage::LogletKey key, Completion<storage::LogletState> done) override {
    submit(
        key, [key](storage::SegmentLog& log) { return log.seal(key); }, {}, std::move(done));
  }
  void trim(storage::LogletKey key, std::uint32_t upto,
            Completion<storage::LogletState> done) override {
    submit(
        key, [key, upto](storage::SegmentLog& log) { return log.trim(key, upto); }, {},
        std::move(done));
  }
  void state(storage::LogletKey key, Completion<storage::LogletState> done) override {
    submit(
        key, [](storage::SegmentLog&) { return Result<void>(); }, {}, std::move(done));
  }
  void remove(storage::LogletKey key, Completion<void> done) override {
    submit(key, [key](storage::SegmentLog& log) { return log.remove(key); }, std::move(done), {});
  }
  void read(storage::LogletKey key, std::uint32_t from, std::size_t max_bytes,
            Completion<storage::LogRead> done) override {
    shard_.post([this, key, from, max_bytes, done = std::move(done)]() mutable {
      done(log_->read(key, from, max_bytes));
    });
  }

 private:
  struct Call {
    storage::LogletKey loglet;
    Function<Result<void>(storage::SegmentLog&)> stage;
    Completion<void> done;
    Completion<storage::LogletState> done_state;

    void answer(Result<storage::LogletState> result) {
      if (done_state) return done_state(std::move(result));
      if (result) return done({});
      done(std::move(result).error());
    }
  };

  void submit(storage::LogletKey key, Function<Result<void>(storage::SegmentLog&)> stage,
              Completion<void> done, Completion<storage::LogletState> done_state) {
    if (calls_.empty()) {
      shard_.post(scope_.bind([this] { write(); }));
    }
    calls_.push_back({key, std::move(stage), std::move(done), std::move(done_state)});
  }

  std::unique_ptr<storage::SegmentLog> log_;
  Shard& shard_;
  std::deque<Call> calls_;
  Scope scope_;
};

}  // namespace restate::testing
