#include "bifrost/appender.h"

#include "bifrost/limits.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::bifrost {
namespace {

/// Whether another attempt may help.
bool passes(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout || code == Code::kOverloaded;
}

}  // namespace

Appender::Appender(Shard& shard, LogId log, LogsCache& logs, OpenSegments& segments,
                   Reconfigurer& reconfigurer)
    : shard_(shard),
      log_(log),
      logs_(logs),
      segments_(segments),
      reconfigurer_(reconfigurer),
      pause_(kAppendRetryMin) {
  logs_.observe(*this);
}

Appender::~Appender() { logs_.forget(*this); }

void Appender::append(SharedBatch batch, std::size_t bytes, Completion<Lsn> done) {
  const bool behind =
      refusals_ > 0 && !RESTATE_MUTATION("bifrost/appends-behind-a-refused-one");
  if (behind) {
    return refuse({Code::kUnavailable, "an append to log " + std::to_string(log_.value) +
                                           " that came before was refused"},
                  std::move(done));
  }
  if (shard_.fault("bifrost/append/refused")) {
    // The news takes its time.
    ++refusals_;
    return shard_.run_blocking([] {}, scope_.bind([this, done = std::move(done)]() mutable {
      --refusals_;
      done(Error{Code::kUnavailable, "a simulated fault"});
    }));
  }
  // One append always gets in, however large: it could never be sent otherwise.
  if (bytes_ + bytes > kMaxPendingAppendBytes && !items_.empty()) {
    return refuse({Code::kOverloaded,
                   "too many appends to log " + std::to_string(log_.value) + " are pending"},
                  std::move(done));
  }
  items_.push_back({std::move(batch), bytes, std::move(done)});
  bytes_ += bytes;
  if (phase_ == Phase::kReady) return send_unsent();
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kLocating;
    shard_.post(scope_.bind([this] { locate(false); }));
  }
}

void Appender::refuse(Error error, Completion<Lsn> done) {
  ++refusals_;
  shard_.post(scope_.bind([this, error = std::move(error), done = std::move(done)]() mutable {
    --refusals_;
    done(std::move(error));
  }));
}

void Appender::on_logs() {
  if (phase_ == Phase::kWaiting) locate(true);
}

void Appender::locate(bool refreshed) {
  phase_ = Phase::kLocating;
  const Chain* chain = logs_.current().find(log_);
  if (chain == nullptr) {
    if (refreshed) {
      return fail_all(Error{Code::kNotFound, "there is no log " + std::to_string(log_.value)});
    }
    return logs_.refresh(scope_.bind([this](Result<void> read) {
      if (!read) return retry_later(read.error());
      locate(true);
    }));
  }
  const Segment& last = chain->last();
  if (last.is_marker()) {
    const SealMarker marker = SealMarker::parse(last.params);
    if (marker.permanent) {
      return fail_all(Error{Code::kFailedPrecondition,
                            "log " + std::to_string(log_.value) + " is sealed for good"});
    }
    const auto source = marker.context.find(kSealSource);
    if (source == marker.context.end() || source->second == kSealedByTail) return extend();
    phase_ = Phase::kWaiting;
    return;
  }
  if (sealed_ && last.index <= *sealed_) return extend();
  segments_.open(log_, last,
                 scope_.bind([this, last](Result<std::shared_ptr<Loglet>> loglet) mutable {
                   on_loglet(std::move(last), std::move(loglet));
                 }));
}

void Appender::on_loglet(Segment segment, Result<std::shared_ptr<Loglet>> loglet) {
  if (!loglet) return retry_later(loglet.error());
  segment_ = std::move(segment);
  loglet_ = *std::move(loglet);
  phase_ = Phase::kReady;
  pause_ = kAppendRetryMin;
  send_unsent();
}

void Appender::send_unsent() {
  while (sent_ < items_.size()) {
    const SharedBatch& batch = items_[sent_].batch;
    ++sent_;
    loglet_->append(batch, Completion<LogletOffset>(
                               shard_, scope_.bind([this](Result<LogletOffset> answer) {
                                 on_answer(std::move(answer));
                               })));
  }
}

// Answers come in the order of the appends, so each one is about the first item that has none yet.
void Appender::on_answer(Result<LogletOffset> answer) {
  if (answer == Code::kSealed) {
    phase_ = Phase::kDraining;
    ++refused_;
    return on_refused();
  }
  RESTATE_ASSERT(refused_ == 0 || !answer.has_value(),
                 "a loglet took a record after it had refused an earlier one");
  Item item = take(refused_);
  --sent_;
  if (answer) {
    item.done(segment_.lsn_of(*answer));
  } else {
    item.done(std::move(answer).error().within("appending to log " + std::to_string(log_.value)));
    on_refused();
  }
}

void Appender::on_refused() {
  if (phase_ != Phase::kDraining || refused_ < sent_) return;
  sent_ = 0;
  refused_ = 0;
  sealed_ = segment_.index;
  loglet_.reset();
  locate(true);
}

void Appender::extend() {
  phase_ = Phase::kExtending;
  reconfigurer_.seal_and_extend(
      log_, "", Completion<Lsn>(shard_, scope_.bind([this](Result<Lsn> base) {
                                  // Lost to somebody else: then the log goes on where they say.
                                  if (base || base == Code::kFailedPrecondition) return locate(true);
                                  retry_later(base.error());
                                })));
}

void Appender::retry_later(const Error& error) {
  if (!passes(error.code)) return fail_all(error);
  phase_ = Phase::kPausing;
  if (!timer_) timer_ = shard_.make_timer([this] { locate(false); });
  timer_->arm(shard_.now() + pause_);
  pause_ = std::min(pause_ * 2, kAppendRetryMax);
}

void Appender::fail_all(const Error& error) {
  phase_ = Phase::kIdle;
  // What the answers append anew waits for its own attempt.
  std::deque<Item> failed = std::move(items_);
  items_.clear();
  bytes_ = 0;
  for (Item& item : failed) item.done(error);
}

Appender::Item Appender::take(std::size_t index) {
  Item item = std::move(items_[index]);
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(index));
  bytes_ -= item.bytes;
  return item;
}

}  // namespace restate::bifrost
