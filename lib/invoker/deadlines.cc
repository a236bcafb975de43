#include "invoker/deadlines.h"

#include "invoker/options.h"

namespace restate::invoker {

void Deadline::List::append(Deadline& deadline) {
  deadline.list_ = this;
  deadline.before_ = last;
  deadline.behind_ = nullptr;
  (last == nullptr ? first : last->behind_) = &deadline;
  last = &deadline;
}

void Deadline::List::remove(Deadline& deadline) {
  (deadline.before_ == nullptr ? first : deadline.before_->behind_) = deadline.behind_;
  (deadline.behind_ == nullptr ? last : deadline.behind_->before_) = deadline.before_;
  deadline.list_ = nullptr;
}

Deadline::~Deadline() {
  if (list_ != nullptr) list_->remove(*this);
}

Deadlines::Deadlines(Shard& shard)
    : shard_(shard), timer_(shard.make_timer([this] { expire(); })) {}

Deadlines::~Deadlines() = default;

void Deadlines::start(Deadline& deadline, Duration after) {
  stop(deadline);
  deadline.at_ = shard_.now() + after;
  lists_[after].append(deadline);
  arm(deadline.at_);
}

void Deadlines::stop(Deadline& deadline) {
  if (deadline.list_ != nullptr) deadline.list_->remove(deadline);
}

void Deadlines::arm(Instant at) {
  // Never called off: a timer that finds nothing to do once a minute is cheaper than one that is
  // moved with every message.
  const Instant latest = at + kDeadlineTick;
  if (timer_->armed() && armed_for_ <= latest) return;
  armed_for_ = latest;
  timer_->arm(armed_for_);
}

void Deadlines::expire() {
  const Instant now = shard_.now();
  bool found = true;
  // Whoever expires may start and stop others: begin again after each.
  while (found) {
    found = false;
    for (auto& [after, list] : lists_) {
      if (list.first == nullptr || list.first->at_ > now) continue;
      Deadline& due = *list.first;
      list.remove(due);
      found = true;
      due.listener_.on_deadline();
      break;
    }
  }
  Instant next{INT64_MAX};
  for (const auto& [after, list] : lists_) {
    if (list.first != nullptr && list.first->at_ < next) next = list.first->at_;
  }
  if (next.ns != INT64_MAX) arm(next);
}

}  // namespace restate::invoker
