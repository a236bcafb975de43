#include "bifrost/tail_notifier.h"

#include <algorithm>

namespace restate::bifrost {

void TailNotifier::advance(LogletOffset next) {
  if (tail_.sealed || next <= tail_.next) return;
  tail_.next = next;
  post();
}

void TailNotifier::seal(LogletOffset next) {
  if (tail_.sealed) return;
  tail_ = {std::max(next, tail_.next), true};
  post();
}

void TailNotifier::unwatch(TailWatcher& watcher) {
  if (notifying_) {
    std::replace(watchers_.begin(), watchers_.end(), &watcher, static_cast<TailWatcher*>(nullptr));
  } else {
    std::erase(watchers_, &watcher);
  }
}

void TailNotifier::post() {
  if (posted_ || watchers_.empty()) return;
  posted_ = true;
  // Behind whatever else became durable in this turn, so that all of it is told at once.
  shard_.post(scope_.bind([this] { notify(); }));
}

void TailNotifier::notify() {
  posted_ = false;
  notifying_ = true;
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    if (watchers_[i] != nullptr) watchers_[i]->on_tail(tail_);
  }
  notifying_ = false;
  std::erase(watchers_, nullptr);
}

}  // namespace restate::bifrost
