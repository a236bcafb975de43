#include "bifrost/local_loglet.h"

#include "bifrost/answer.h"
#include "bifrost/limits.h"
#include "bifrost/record_codec.h"

namespace restate::bifrost {

LocalLoglet::LocalLoglet(LogletId id, Shard& shard, storage::LogStore& store,
                         storage::LogletState state, LocalLogOptions options)
    : id_(id),
      key_{id.packed()},
      shard_(shard),
      store_(store),
      next_{state.next},
      closed_(state.sealed),
      trim_point_{state.trim_point},
      resubmission_(shard.make_timer([this] { resubmit(); })),
      recent_bytes_(options.recent_bytes),
      tail_(shard, Tail{LogletOffset{state.next}, state.sealed}) {}

void LocalLoglet::append(SharedBatch batch, Completion<LogletOffset> done) {
  RESTATE_ASSERT(!batch->empty(), "an append without records has no last offset");
  if (next_.value + batch->size() > kMaxLogletOffset) closed_ = true;
  const bool takes = !closed_ && !failure_;
  if (!takes && pending_.empty()) {
    return answer_later<LogletOffset>(std::move(done), failure_ ? *failure_ : sealed_error());
  }
  // What comes too late is answered behind what came in time.
  pending_.push_back({next_, std::move(batch), std::move(done)});
  if (takes && refused_ == 0) submit(pending_.back());
}

void LocalLoglet::submit(Pending& pending) {
  pending.first = next_;
  next_.value += static_cast<std::uint32_t>(pending.batch->size());
  ++submitted_;
  store_.append({key_, pending.first.value, encode_records(*pending.batch)},
                Completion<void>(shard_, scope_.bind([this](Result<void> written) {
                                   on_written(std::move(written));
                                 })));
}

// Answers come in order, so each one is about the first append that has none yet.
void LocalLoglet::on_written(Result<void> written) {
  // Whom we answer may be the last to hold us.
  const auto self = shared_from_this();
  --submitted_;
  if (written && refused_ == 0 && !failure_) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    acknowledge(std::move(pending));
  } else {
    // After an overload those behind it have the wrong offsets: all of them are sent again. After a
    // failure whatever was promised later would stand behind a hole.
    ++refused_;
    const bool again = written == Code::kOverloaded ||
                       (written == Code::kInvalidArgument && refused_ > 1 && !failure_);
    if (written == Code::kSealed) {
      closed_ = true;
      tail_.seal(tail_.tail().next);
    } else if (!again && !failure_) {
      failure_ = Error{Code::kFailed, "writing loglet " + id_.str() + ": " +
                                          (written ? "an append overtook another"
                                                   : written.error().describe())};
    }
  }
  if (submitted_ == 0) drain();
}

void LocalLoglet::acknowledge(Pending pending) {
  const LogletOffset end{pending.first.value + static_cast<std::uint32_t>(pending.batch->size())};
  recent_.push(pending.first, std::move(pending.batch));
  recent_.shrink(recent_bytes_);
  if (recent_.bytes() > recent_bytes_) {
    if (!forget_large_) {
      forget_large_ = shard_.make_timer([this] { recent_.clear_above(recent_bytes_); });
    }
    forget_large_->arm(shard_.now() + kLargeBatchStays);
  }
  tail_.advance(end);
  pending.done(LogletOffset{end.value - 1});
}

// The store has answered everything. What it refused is sent again after a pause, in which the disk
// may catch up, or answered for good.
void LocalLoglet::drain() {
  if (pending_.empty()) return;
  if (!closed_ && !failure_) {
    resubmission_->arm(shard_.now() + kResubmitAfter);
    return;
  }
  refused_ = 0;
  std::deque<Pending> refused = std::move(pending_);
  pending_.clear();
  for (Pending& pending : refused) {
    pending.done(failure_ ? *failure_ : sealed_error());
  }
}

void LocalLoglet::resubmit() {
  // Whom we answer may be the last to hold us.
  const auto self = shared_from_this();
  if (closed_ || failure_) return drain();
  refused_ = 0;
  next_ = tail_.tail().next;
  for (Pending& pending : pending_) submit(pending);
}

void LocalLoglet::seal(Completion<Tail> done) {
  closed_ = true;
  store_.seal(key_, Completion<storage::LogletState>(
                        shard_, scope_.bind([this, done = std::move(done)](
                                                Result<storage::LogletState> state) mutable {
                          on_sealed(std::move(state), std::move(done));
                        })));
}

void LocalLoglet::on_sealed(Result<storage::LogletState> state, Completion<Tail> done) {
  if (!state) return done(std::move(state).error().within("sealing loglet " + id_.str()));
  // The store answers in order: all that was acknowledged is behind us.
  tail_.seal(LogletOffset{state->next});
  done(tail_.tail());
}

void LocalLoglet::find_tail(Completion<Tail> done) {
  // Whatever was acknowledged was acknowledged here.
  if (failure_) return answer_later<Tail>(std::move(done), *failure_);
  answer_later<Tail>(std::move(done), tail_.tail());
}

void LocalLoglet::read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) {
  store_.read(key_, from.value, max_bytes,
              Completion<storage::LogRead>(
                  shard_, scope_.bind([this, done = std::move(done)](
                                          Result<storage::LogRead> found) mutable {
                    if (!found) return done(std::move(found).error());
                    done(decode(*std::move(found)));
                  })));
}

Result<LogletRecords> LocalLoglet::decode(storage::LogRead found) const {
  LogletRecords out{LogletOffset{found.first}, {}};
  out.records.reserve(found.records.size());
  for (const Bytes& stored : found.records) {
    auto record = decode_record(stored);
    if (!record) {
      return std::move(record).error().within(
          "loglet " + id_.str() + ", offset " +
          std::to_string(found.first + out.records.size()));
    }
    out.records.push_back(*std::move(record));
  }
  return out;
}

std::span<const Record> LocalLoglet::recent(LogletOffset from) const {
  if (from <= trim_point_) return {};
  return recent_.find(from);
}

void LocalLoglet::trim(LogletOffset upto, Completion<LogletOffset> done) {
  store_.trim(key_, upto.value,
              Completion<storage::LogletState>(
                  shard_, scope_.bind([this, done = std::move(done)](
                                          Result<storage::LogletState> state) mutable {
                    if (!state) {
                      return done(std::move(state).error().within("trimming loglet " + id_.str()));
                    }
                    trim_point_ = LogletOffset{state->trim_point};
                    recent_.trim(trim_point_);
                    done(trim_point_);
                  })));
}

void LocalLoglet::retire() {
  closed_ = true;
  tail_.seal(next_);
}

Error LocalLoglet::sealed_error() const {
  return Error{Code::kSealed, "loglet " + id_.str() + " takes no more records"};
}

}  // namespace restate::bifrost
