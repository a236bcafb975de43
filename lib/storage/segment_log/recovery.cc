#include "storage/segment_log/recovery.h"

#include "storage/format_stamp.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace restate::storage {
namespace {

constexpr unsigned long kFormatVersion = 1;
constexpr std::size_t kWindow = std::size_t{1} << 20;
// How far behind the end a search for later frames goes: further than one frame of usual size.
constexpr std::uint64_t kTailWindow = std::uint64_t{8} << 20;

std::optional<std::uint32_t> segment_number(std::string_view name) {
  if (!name.ends_with(".log")) return std::nullopt;
  name.remove_suffix(4);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace

Result<FrameScanner> FrameScanner::open(const Segment& segment) {
  RESTATE_TRY(const std::uint64_t size, segment.file->size());
  return FrameScanner(segment, size);
}

Result<std::string_view> FrameScanner::window(std::uint64_t position, std::size_t size) {
  if (position < window_start_ || position + size > window_start_ + window_.size()) {
    window_.resize(std::min<std::uint64_t>(std::max(size, kWindow), size_ - position));
    window_start_ = position;
    RESTATE_TRY(const std::size_t got,
                segment_->file->read(position, window_.data(), window_.size()));
    window_.resize(got);
  }
  return std::string_view(window_).substr(position - window_start_);
}

std::optional<FrameKey> FrameScanner::key_of(std::uint64_t position) const {
  return position == 0 ? FrameKey() : segment_->key;
}

Result<std::optional<Frame>> FrameScanner::at(std::uint64_t position) {
  RESTATE_TRY(const auto frame, header_at(position));
  const auto key = key_of(position);
  if (!frame || !key) return frame;
  RESTATE_TRY(const std::string_view bytes, window(position, frame->size));
  return parse_frame(bytes, *key);
}

Result<std::optional<Frame>> FrameScanner::header_at(std::uint64_t position) {
  const std::optional<Frame> nothing;
  if (position + kFrameHeaderSize > size_) return nothing;
  RESTATE_TRY(const std::string_view bytes, window(position, kFrameHeaderSize));
  const auto key = key_of(position);
  const auto frame = key ? parse_frame_header(bytes, *key) : claimed_frame(bytes);
  if (!frame || position + frame->size > size_) return nothing;
  return frame;
}

Result<std::uint64_t> FrameScanner::claimed_end(std::uint64_t position) {
  RESTATE_TRY(const std::string_view bytes, window(position, kFrameHeaderSize));
  const auto frame = claimed_frame(bytes);
  return frame && position + frame->size <= size_ ? position + frame->size : position;
}

Error Recovery::corrupt(const Segment& segment, std::uint64_t position,
                        const std::string& why) const {
  return Error{Code::kCorrupt, "opening the log: " + segment.path + " at byte " +
                                   std::to_string(position) + ": " + why};
}

Result<void> Recovery::run(Function<void()> on_locked) {
  RESTATE_TRY(log_.lock_, claim_directory(log_.files_, log_.directory_, "log", kFormatVersion,
                                          std::move(on_locked)));
  RESTATE_TRY(const auto numbers, list());
  RESTATE_TRY_VOID(scan_all(numbers));
  RESTATE_TRY_VOID(check_complete());
  // Names that a killed process changed are on disk only after this. The first segment syncs as well.
  if (log_.limits_.sync && !numbers.empty()) {
    RESTATE_TRY_VOID(log_.files_.sync_directory(log_.directory_));
  }
  return {};
}

Result<std::vector<std::uint32_t>> Recovery::list() {
  RESTATE_TRY(const auto names, log_.files_.list(log_.directory_));
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = segment_number(name)) numbers.push_back(*number);
    if (!name.starts_with("spare-")) continue;
    // Its content and even its length may be anything: cheaper to begin anew than to find out.
    RESTATE_TRY_VOID(log_.files_.unlink(log_.directory_ + "/" + name));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<void> Recovery::scan_all(const std::vector<std::uint32_t>& numbers) {
  struct Found {
    std::shared_ptr<Segment> segment;
    std::optional<SegmentHead> head;
    std::uint64_t sequence = 0;  ///< of the head
  };
  std::vector<Found> found;
  for (const std::uint32_t number : numbers) {
    auto segment = std::make_shared<Segment>();
    segment->number = number;
    segment->path = log_.path_of(number);
    RESTATE_TRY(segment->file, log_.files_.open(segment->path));
    RESTATE_TRY(FrameScanner frames, FrameScanner::open(*segment));
    RESTATE_TRY(const auto frame, frames.at(0));
    std::optional<SegmentHead> head;
    if (frame && frame->header.kind == FrameKind::kHead) {
      RESTATE_TRY(head, SegmentHead::decode(frame->body));
      if (head->segment != number) head.reset();  // what the file held before it was used again
    }
    if (head) {
      segment->key = head->key.value_or(FrameKey());
      if (head->key) log_.key_ = head->key;
    } else {
      segment->key = log_.key_;  // all heads of a log say the same
    }
    found.push_back({std::move(segment), std::move(head), frame ? frame->header.sequence : 0});
  }

  for (std::size_t i = 0; i < found.size(); ++i) {
    const Segment& segment = *found[i].segment;
    const bool newest = i + 1 == found.size();
    RESTATE_TRY(FrameScanner frames, FrameScanner::open(segment));
    if (!found[i].head) {
      if (!newest) return corrupt(segment, 0, "the head of the segment is damaged");
      const bool follows = i > 0 && numbers[i - 1] + 1 == segment.number;
      if (!follows && segment.number != 1) {
        return corrupt(segment, 0, "the head of the only segment is damaged");
      }
      // A crash came while the segment was begun; unless frames in it say otherwise.
      RESTATE_TRY_VOID(check_tail(segment, frames, 0));
      RESTATE_TRY_VOID(log_.files_.unlink(segment.path));
      break;
    }
    const bool continues = i > 0 && numbers[i - 1] + 1 == segment.number;
    if (continues ? found[i].sequence != log_.sequence_ + 1 : found[i].sequence <= log_.sequence_) {
      return corrupt(segment, 0, "the segment does not continue the one before it");
    }
    std::optional<std::uint64_t> end;
    const bool next_follows = !newest && found[i + 1].head && numbers[i + 1] == segment.number + 1;
    if (next_follows) end = found[i + 1].head->previous_end;
    // With the next segment barely begun, this one is still the one to continue.
    const bool last = newest || (i + 2 == found.size() && !found[i + 1].head);
    RESTATE_TRY_VOID(scan(segment, frames, end, last));
    log_.segments_[segment.number] = found[i].segment;
    log_.current_ = found[i].segment;
    log_.current_size_ = frames.size();
    log_.end_ = position_;
  }
  return {};
}

Result<void> Recovery::scan(const Segment& segment, FrameScanner& frames,
                            std::optional<std::uint64_t> end, bool newest) {
  position_ = 0;
  while (!end || position_ < *end) {
    RESTATE_TRY(auto frame, frames.at(position_));
    // Frames of an earlier use of the file, or of a batch that was lost, do not continue.
    if (frame && position_ > 0 && !continues(frame->header)) frame.reset();
    if (!frame) {
      auto ended = end      ? Result<void>(corrupt(segment, position_, "a frame is damaged"))
                   : newest ? check_tail(segment, frames, position_)
                            : Result<void>();
      if (ended != Code::kCorrupt) return ended;
      RESTATE_TRY(frame, admit_damaged(frames, position_, end, std::move(ended).error()));
    }
    RESTATE_TRY_VOID(apply(segment, position_, *frame));
    log_.sequence_ = frame->header.sequence;
    log_.epoch_ = frame->header.epoch;
    position_ += frame->size;
  }
  return {};
}

bool Recovery::continues(const FrameHeader& header) const {
  const bool new_epoch = header.kind == FrameKind::kOpen && header.epoch > log_.epoch_;
  return header.sequence == log_.sequence_ + 1 && (header.epoch == log_.epoch_ || new_epoch);
}

Result<Frame> Recovery::admit_damaged(FrameScanner& frames, std::uint64_t position,
                                      std::optional<std::uint64_t> end, Error damage) {
  RESTATE_TRY(const auto frame, frames.header_at(position));
  if (!frame || frame->header.kind != FrameKind::kRecords || !continues(frame->header) ||
      frame->header.first != log_.index_.state(frame->header.loglet).next ||
      frame->header.count == 0 || (end && position + frame->size > *end)) {
    return damage;
  }
  return *frame;
}

Result<void> Recovery::apply(const Segment& segment, std::uint64_t position, const Frame& frame) {
  const FrameHeader& header = frame.header;
  LogIndex& index = log_.index_;
  const LogletState state = index.state(header.loglet);
  switch (header.kind) {
    case FrameKind::kHead: {
      RESTATE_TRY(const SegmentHead head, SegmentHead::decode(frame.body));
      return apply_head(segment, head);
    }
    case FrameKind::kOpen:
      return {};
    case FrameKind::kRecords:
      if (header.first != state.next) {
        return corrupt(segment, position,
                       "loglet " + to_string(header.loglet) + " continues at offset " +
                           std::to_string(header.first) + " instead of " +
                           std::to_string(state.next));
      }
      index.add({header.loglet, header.first, header.count, segment.number, position, frame.size});
      return {};
    case FrameKind::kSeal:
      index.seal(header.loglet);
      return {};
    case FrameKind::kTrim:
      index.trim(header.loglet, std::min(header.first, state.next - 1));
      return {};
    case FrameKind::kRemove:
      index.remove(header.loglet);
      return {};
  }
  RESTATE_UNREACHABLE();
}

Result<void> Recovery::apply_head(const Segment& segment, const SegmentHead& head) {
  std::vector<LogletKey> keys;
  for (const SegmentHead::Loglet& loglet : head.loglets) {
    if (loglet.state.next == 0 || loglet.state.trim_point >= loglet.state.next) {
      return corrupt(segment, 0, "impossible state of loglet " + to_string(loglet.key));
    }
    keys.push_back(loglet.key);
    log_.index_.skip_to(loglet.key, loglet.state);
  }
  std::sort(keys.begin(), keys.end());
  log_.index_.keep_only(keys);
  return {};
}

Result<std::optional<std::uint64_t>> FrameScanner::find(std::uint64_t position,
                                                        std::uint64_t limit) {
  limit = std::min(limit, size_);
  while (position + kFrameHeaderSize <= limit) {
    RESTATE_TRY(const std::string_view bytes, window(position, kFrameHeaderSize));
    std::size_t at = 0;
    while (at + kFrameHeaderSize <= bytes.size() && !claimed_frame(bytes.substr(at))) at += 8;
    position += at;
    if (at + kFrameHeaderSize <= bytes.size()) return std::optional(position);
    if (at == 0) break;
  }
  return std::optional<std::uint64_t>();
}

Result<void> Recovery::check_tail(const Segment& segment, FrameScanner& frames,
                                  std::uint64_t position) {
  // One batch at most was being written when the power failed, in any order of its sectors. So a
  // frame further on that belongs to the same batch as the missing one means nothing. A frame of a
  // later batch was written after the missing one had been synced.
  const std::uint64_t missing = log_.sequence_ + 1;
  // The missing one may have been long. What lies further on and lacks a right header may be of a record:
  // that can claim any length.
  RESTATE_TRY(const std::uint64_t claimed, frames.claimed_end(position));
  std::uint64_t limit = claimed + kTailWindow;
  for (std::uint64_t at = position;; at += 8) {
    RESTATE_TRY(const auto found, frames.find(at, limit));
    if (!found) return {};
    at = *found;
    RESTATE_TRY(const auto header, frames.header_at(at));
    if (!header) continue;
    limit = std::max(limit, at + header->size + kTailWindow);
    RESTATE_TRY(const auto frame, frames.at(at));
    if (!frame || frame->header.sequence <= missing || frame->header.batch() <= missing) continue;
    const std::string which = frame->header.kind == FrameKind::kRecords
                                  ? ", before offset " + std::to_string(frame->header.first) +
                                        " of loglet " + to_string(frame->header.loglet)
                                  : "";
    return corrupt(
        segment, position,
        "a frame is damaged, and later ones are not (byte " + std::to_string(at) + which + ")");
  }
}

Result<void> Recovery::check_complete() const {
  for (const auto& [key, loglet] : log_.index_.loglets()) {
    const LogletState& state = loglet.state;
    const std::uint32_t first = loglet.extents.empty() ? state.next : loglet.extents.front().first;
    if (loglet.missing_upto <= state.trim_point && first <= state.trim_point + 1) continue;
    return Error{Code::kCorrupt, "opening the log: " + log_.directory_ +
                                     " misses a segment with offsets " +
                                     std::to_string(state.trim_point + 1) + " to " +
                                     std::to_string(std::max(loglet.missing_upto, first - 1)) +
                                     " of loglet " + to_string(key)};
  }
  return {};
}

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(FileLayer& files, std::string directory,
                                                     SegmentLogLimits limits,
                                                     Function<void()> on_locked) {
  std::unique_ptr<SegmentLog> log(new SegmentLog(files, std::move(directory), limits));
  RESTATE_TRY_VOID(Recovery(*log).run(std::move(on_locked)));
  RESTATE_TRY_VOID(log->start_epoch());
  RESTATE_TRY_VOID(log->tidy());
  return log;
}

}  // namespace restate::storage
