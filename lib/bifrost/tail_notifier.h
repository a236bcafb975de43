#pragma once

/// \file
/// The tail of a loglet and who watches it. What moves within one run of tasks is told once.

#include <restate/bifrost/loglet.h>
#include <restate/runtime.h>

#include <vector>

namespace restate::bifrost {

class TailNotifier {
 public:
  TailNotifier(Shard& shard, Tail tail) : shard_(shard), tail_(tail) {}

  const Tail& tail() const { return tail_; }
  /// Ignores what would move the tail back.
  void advance(LogletOffset next);
  /// The tail is final.
  void seal(LogletOffset next);

  void watch(TailWatcher& watcher) { watchers_.push_back(&watcher); }
  void unwatch(TailWatcher& watcher);

 private:
  void post();
  void notify();

  Shard& shard_;
  Tail tail_;
  bool posted_ = false;
  bool notifying_ = false;
  std::vector<TailWatcher*> watchers_;  ///< null: gone while the others are being told
  Scope scope_;
};

}  // namespace restate::bifrost
