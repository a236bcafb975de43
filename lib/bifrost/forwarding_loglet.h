#pragma once

/// \file
/// A loglet as the shards see it that do not own it: every call travels to the owner and back.

#include "bifrost/tail_notifier.h"

#include <restate/bifrost/loglet.h>
#include <restate/runtime.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace restate::bifrost {

class ForwardingLoglet final : public Loglet {
 public:
  /// On the owner's shard: completes with a loglet for the shard of `done`. Once `open` is false,
  /// what still arrives at the owner is answered as a shutdown.
  static void make(Shard& owner, std::shared_ptr<Loglet> target, std::shared_ptr<const std::atomic<bool>> open,
                   Completion<std::shared_ptr<Loglet>> done);
  ~ForwardingLoglet() override;

  void append(SharedBatch batch, Completion<LogletOffset> done) override;
  void seal(Completion<Tail> done) override;
  void find_tail(Completion<Tail> done) override;
  void read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) override;
  std::span<const Record> recent(LogletOffset) const override { return {}; }
  void trim(LogletOffset upto, Completion<LogletOffset> done) override;
  LogletOffset trim_point() const override { return trim_point_; }
  Tail known_tail() const override { return tail_.tail(); }
  void watch(TailWatcher& watcher) override { tail_.watch(watcher); }
  void unwatch(TailWatcher& watcher) override { tail_.unwatch(watcher); }

 private:
  /// Lives on the owner's shard.
  class Remote;
  /// Lives on this shard; null once the loglet is gone.
  struct Link {
    ForwardingLoglet* loglet = nullptr;
  };

  ForwardingLoglet(Shard& shard, Shard& owner, std::shared_ptr<Remote> remote, Tail tail,
                   LogletOffset trim_point);
  /// Runs `call(Loglet&, Completion)` on the owner and brings the answer back.
  template <class T, class F>
  void forward(F call, Completion<T> done);
  void note_trim_point(LogletOffset known) { trim_point_ = std::max(trim_point_, known); }

  Shard& owner_;
  std::shared_ptr<Remote> remote_;
  std::shared_ptr<Link> link_;
  TailNotifier tail_;
  LogletOffset trim_point_;
};

}  // namespace restate::bifrost
