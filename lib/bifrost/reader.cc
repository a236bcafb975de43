#include "bifrost/reader.h"

#include "bifrost/limits.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::bifrost {

Reader::Reader(Shard& shard, LogsCache& logs, OpenSegments& segments, Reconfigurer& reconfigurer,
               ReaderOptions options, ReadListener& listener)
    : shard_(shard),
      logs_(logs),
      segments_(segments),
      reconfigurer_(reconfigurer),
      options_(options),
      listener_(listener),
      next_(std::max(options.from, kOldestLsn)) {
  logs_.observe(*this);
  wake();
}

Reader::~Reader() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (loglet_) loglet_->unwatch(*this);
  logs_.forget(*this);
  shard_.forget(*this);
}

void Reader::resume() {
  if (!paused_) return;
  paused_ = false;
  wake();
}

void Reader::on_tail(const Tail&) { wake(); }

void Reader::on_logs() {
  if (phase_ == Phase::kDead) return;
  if (phase_ != Phase::kFinding) {
    const Chain* chain = logs_.current().find(options_.log);
    const SegmentView view = chain == nullptr ? SegmentView{} : chain->find(segment_.index);
    if (view.segment == nullptr) {
      leave_segment();  // trimmed away, or empty and replaced
    } else {
      end_ = view.end;
    }
  }
  wake();
}

void Reader::act() {
  if (paused_ || phase_ == Phase::kDead) return;
  Entries out = std::move(entries_);
  while (out.size() < kMaxEntriesPerDelivery && step(out)) {
  }
  // The rest is for the next turn: the shard has others to serve.
  if (out.size() >= kMaxEntriesPerDelivery) wake();
  if (!out.empty()) return deliver(std::move(out));
  entries_ = std::move(out);
}

bool Reader::step(Entries& out) {
  switch (phase_) {
    case Phase::kFinding:
      return find_segment(out);
    case Phase::kReading:
      return read_segment(out);
    case Phase::kOpening:
    case Phase::kDead:
      return false;
  }
  RESTATE_UNREACHABLE();
}

bool Reader::find_segment(Entries& out) {
  const Chain* chain = logs_.current().find(options_.log);
  if (chain == nullptr) return false;
  const SegmentView view = chain->find(next_);
  if (view.segment == nullptr) {
    add_gap(out, LogEntry::Kind::kTrimGap, chain->first().prev());
    return true;
  }
  if (view.segment->is_marker()) return false;
  segment_ = *view.segment;
  end_ = view.end;
  open_segment();
  return false;
}

void Reader::open_segment() {
  phase_ = Phase::kOpening;
  const std::uint64_t opening = ++opening_;
  segments_.open(options_.log, segment_,
                 scope_.bind([this, opening](Result<std::shared_ptr<Loglet>> loglet) {
                   if (opening != opening_ || phase_ != Phase::kOpening) return;
                   if (!loglet) return on_error(std::move(loglet).error());
                   loglet_ = *std::move(loglet);
                   loglet_->watch(*this);
                   open_tail_ = LogletOffset{1};
                   phase_ = Phase::kReading;
                   wake();
                 }));
}

void Reader::leave_segment() {
  if (loglet_) loglet_->unwatch(*this);
  loglet_.reset();
  ++opening_;
  timer_.reset();
  reading_ = false;
  buffer_ = {};
  end_.reset();
  phase_ = Phase::kFinding;
}

// While a loglet is open, what lies below its tail is decided. Once it is sealed, two observers may
// for a while disagree on where it ends, so nothing more is released until the chain has the answer.
LogletOffset Reader::release_limit() {
  const Tail tail = loglet_->known_tail();
  if (!tail.sealed) open_tail_ = std::max(open_tail_, tail.next);
  if (!end_) return open_tail_;
  return std::min(segment_.offset_of(*end_), tail.next);
}

bool Reader::read_segment(Entries& out) {
  if (end_ && next_ >= *end_) {
    leave_segment();
    return true;
  }
  const LogletOffset from = segment_.offset_of(next_);
  if (const LogletOffset trimmed = loglet_->trim_point(); from <= trimmed) {
    const Lsn last = segment_.lsn_of(trimmed);
    add_gap(out, LogEntry::Kind::kTrimGap, end_ ? std::min(last, end_->prev()) : last);
    return true;
  }
  const LogletOffset limit = release_limit();
  if (from < limit) {
    if (take_from_memory(from, limit, out)) return true;
    start_read(from);
    return false;
  }
  const Tail tail = loglet_->known_tail();
  if (tail.sealed && end_) {
    // Somebody forced an end above all that was ever written.
    add_gap(out, LogEntry::Kind::kDataLossGap, end_->prev());
    return true;
  }
  if (tail.sealed) await_end_of_segment();
  return false;
}

bool Reader::take_from_memory(LogletOffset from, LogletOffset limit, Entries& out) {
  const std::size_t room =
      std::min<std::size_t>(limit.value - from.value, kMaxEntriesPerDelivery - out.size());
  const std::size_t skip = from.value - std::min(from.value, buffer_.first.value);
  if (from >= buffer_.first && skip < buffer_.records.size()) {
    const std::size_t end = std::min(buffer_.records.size(), skip + room);
    for (std::size_t i = skip; i < end; ++i) add(out, std::move(buffer_.records[i]));
    if (RESTATE_MUTATION("bifrost/catch-up-skips-a-record")) next_ = next_.next();
    if (end == buffer_.records.size()) buffer_ = {};
    return true;
  }
  const std::span<const Record> recent = loglet_->recent(from);
  if (recent.empty()) return false;
  for (const Record& record : recent.first(std::min(recent.size(), room))) add(out, record);
  return true;
}

void Reader::start_read(LogletOffset from) {
  if (reading_) return;
  reading_ = true;
  timer_.reset();
  const std::uint64_t opening = opening_;
  loglet_->read(from, options_.read_ahead_bytes,
                Completion<LogletRecords>(
                    shard_, scope_.bind([this, opening, from](Result<LogletRecords> found) {
                      if (opening == opening_) on_read(from, std::move(found));
                    })));
}

void Reader::on_read(LogletOffset from, Result<LogletRecords> found) {
  reading_ = false;
  if (found && found->records.empty() && loglet_->trim_point() < from) {
    found = Error{Code::kCorrupt, "a record below the tail is not there"};
  }
  if (found) {
    buffer_ = *std::move(found);
  } else if (found.error().code != Code::kTrimmed) {
    return on_error(std::move(found).error());
  }
  wake();  // when it was trimmed, the loglet says how far
}

// A writer that sealed the loglet is about to say where it ends. If it died in between, nobody else
// would.
void Reader::await_end_of_segment() {
  if (timer_ && timer_->armed()) return;
  timer_ = shard_.make_timer([this] {
    reconfigurer_.find_tail(options_.log,
                            Completion<LogTail>(shard_, scope_.bind([this](Result<LogTail>) {
                              wake();  // and wait again, unless the chain has it now
                            })));
  });
  const auto spread = static_cast<std::uint64_t>(kReaderSealsAfter.count());
  timer_->arm(shard_.now() + kReaderSealsAfter / 2 +
              Duration(static_cast<std::int64_t>(shard_.random().below(spread))));
}

void Reader::on_error(Error error) {
  const bool passes = error.code == Code::kUnavailable || error.code == Code::kTimeout ||
                      error.code == Code::kOverloaded;
  if (passes) {
    // What was not read or opened is asked for again.
    if (phase_ == Phase::kOpening) phase_ = Phase::kFinding;
    timer_ = shard_.make_timer([this] { wake(); });
    timer_->arm(shard_.now() + kAppendRetryMax);
    return;
  }
  leave_segment();
  phase_ = Phase::kDead;
  const std::string where =
      "reading log " + std::to_string(options_.log.value) + " at " + std::to_string(next_.value);
  listener_.on_read_error(std::move(error).within(where));
}

void Reader::deliver(Entries entries) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  listener_.on_entries(entries);
  if (destroyed) return;
  destroyed_ = nullptr;
  entries.clear();
  entries_ = std::move(entries);
}

void Reader::add(Entries& out, Record record) {
  if (!record.keys.concern(options_.keys)) return add_gap(out, LogEntry::Kind::kFilteredGap, next_);
  out.push_back({LogEntry::Kind::kRecord, next_, next_, std::move(record)});
  next_ = next_.next();
}

void Reader::add_gap(Entries& out, LogEntry::Kind kind, Lsn last) {
  // A gap that follows one of its kind makes it longer.
  if (!out.empty() && out.back().kind == kind) {
    out.back().last = last;
  } else {
    out.push_back({kind, next_, last, {}});
  }
  next_ = last.next();
}

}  // namespace restate::bifrost
