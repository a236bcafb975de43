#include "storage/segment_log/segment_log.h"

#include "storage/little_endian.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace restate::storage {
namespace {

// A frame is read and checked as a whole, so a large append becomes several.
constexpr std::size_t kMaxFrameBytes = 256 * 1024;
// Positions in the index count units of 8 bytes in 32 bits.
constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{32} << 30;

// The first write to a block that was only allocated changes metadata, and a sync that waits for that
// takes half as long again. So a small write takes the blocks ahead along: one in dozens pays.
constexpr std::size_t kAheadBytes = 128 * 1024;
constexpr std::size_t kSmallWrite = 16 * 1024;
constexpr char kZeros[4096] = {};

/// Whether these are records of the loglet, `offset` the first of them, and all before `from`.
bool holds_less_than(std::uint32_t from, const Frame& frame, LogletKey key, std::uint32_t offset) {
  const FrameHeader& header = frame.header;
  return header.kind == FrameKind::kRecords && header.loglet == key && header.first == offset &&
         std::uint64_t{offset} + header.count <= from;
}

}  // namespace

std::string SegmentLog::path_of(std::uint32_t segment) const {
  char name[32];
  std::snprintf(name, sizeof(name), "%010u.log", segment);
  return directory_ + "/" + name;
}

LogletState& SegmentLog::accepted(LogletKey key) {
  return accepted_.try_emplace(key, index_.state(key)).first->second;
}

Result<void> SegmentLog::append(const LogAppend& append) {
  LogletState& state = accepted(append.loglet);
  if (state.sealed) {
    return Error{Code::kSealed, "appending to loglet " + to_string(append.loglet) +
                                    ": it is sealed at " + std::to_string(state.next)};
  }
  if (append.first != state.next) {
    return Error{Code::kInvalidArgument, "appending to loglet " + to_string(append.loglet) +
                                             " at offset " + std::to_string(append.first) +
                                             ": its next offset is " + std::to_string(state.next)};
  }
  if (append.records.size() >= UINT32_MAX - state.next) {
    // To the caller it is the same: the log must continue in another loglet.
    return Error{Code::kSealed,
                 "appending to loglet " + to_string(append.loglet) + ": its offsets are used up"};
  }
  std::span<const Bytes> rest = append.records;
  while (!rest.empty()) {
    std::size_t count = 0, bytes = 0;
    while (count < rest.size() && (count == 0 || bytes + rest[count].size() <= kMaxFrameBytes)) {
      bytes += rest[count++].size();
    }
    RESTATE_TRY_VOID(stage_records(append.loglet, state.next, rest.first(count)));
    state.next += static_cast<std::uint32_t>(count);
    rest = rest.subspan(count);
  }
  return {};
}

Result<void> SegmentLog::stage_records(LogletKey key, std::uint32_t first,
                                       std::span<const Bytes> records) {
  std::string lengths;
  std::vector<std::string_view> body(1);
  for (const Bytes& record : records) {
    append_number(lengths, static_cast<std::uint32_t>(record.size()));
    body.push_back(record.view());
  }
  body[0] = lengths;
  return stage({.kind = FrameKind::kRecords,
                .loglet = key,
                .first = first,
                .count = static_cast<std::uint32_t>(records.size())},
               body);
}

Result<void> SegmentLog::seal(LogletKey key) {
  LogletState& state = accepted(key);
  if (state.sealed) return {};
  state.sealed = true;
  return stage({.kind = FrameKind::kSeal, .loglet = key, .first = state.next}, {});
}

Result<void> SegmentLog::trim(LogletKey key, std::uint32_t upto) {
  LogletState& state = accepted(key);
  upto = std::min(upto, state.next - 1);
  if (upto <= state.trim_point) return {};
  state.trim_point = upto;
  return stage({.kind = FrameKind::kTrim, .loglet = key, .first = upto}, {});
}

Result<void> SegmentLog::remove(LogletKey key) {
  accepted(key) = LogletState{};
  return stage({.kind = FrameKind::kRemove, .loglet = key}, {});
}

Result<void> SegmentLog::stage(FrameHeader header, std::span<const std::string_view> body) {
  std::size_t size = 0;
  for (const std::string_view piece : body) size += piece.size();
  size = frame_size(size);
  if (end_ + buffer_.size() + size > current_size_) RESTATE_TRY_VOID(roll(size));
  if (buffer_.size() >= limits_.write_bytes) RESTATE_TRY_VOID(flush_part());
  header.sequence = ++sequence_;
  header.epoch = epoch_;
  header.index = batch_index_++;
  staged_.push_back({header, buffer_.size(), size});
  append_frame(buffer_, header, body, header.kind == FrameKind::kHead ? FrameKey() : *current_->key);
  return {};
}

Result<void> SegmentLog::commit() {
  RESTATE_TRY_VOID(flush_part());
  accepted_.clear();
  return {};
}

Result<void> SegmentLog::flush_part() {
  if (buffer_.empty()) return {};
  RESTATE_TRY_VOID(write_buffer());
  if (limits_.sync) RESTATE_TRY_VOID(current_->file->sync());
  ++syncs_;
  {
    const std::lock_guard lock(mutex_);
    for (const Staged& frame : staged_) {
      const FrameHeader& header = frame.header;
      switch (header.kind) {
        case FrameKind::kHead:
        case FrameKind::kOpen:
          break;
        case FrameKind::kRecords:
          index_.add({header.loglet, header.first, header.count, current_->number,
                      end_ + frame.offset, frame.size});
          break;
        case FrameKind::kSeal:
          index_.seal(header.loglet);
          break;
        case FrameKind::kTrim:
          index_.trim(header.loglet, header.first);
          untidy_ = true;
          break;
        case FrameKind::kRemove:
          index_.remove(header.loglet);
          untidy_ = true;
          break;
      }
    }
  }
  end_ += buffer_.size();
  staged_.clear();
  buffer_.clear();
  if (buffer_.capacity() > 2 * limits_.write_bytes) buffer_.shrink_to_fit();
  batch_index_ = 0;
  return {};
}

Result<void> SegmentLog::write_buffer() {
  std::array<std::string_view, 1 + kAheadBytes / sizeof kZeros> pieces{buffer_};
  std::size_t count = 1;
  std::uint64_t at = end_ + buffer_.size();
  if (at > blank_from_ && buffer_.size() <= kSmallWrite && limits_.sync) {
    blank_from_ = std::min(current_size_, (at / kAheadBytes + 1) * kAheadBytes);
    while (at < blank_from_) {
      const std::string_view zeros = {kZeros, std::min(sizeof kZeros, blank_from_ - at)};
      pieces[count++] = zeros;
      at += zeros.size();
    }
  }
  return current_->file->write(end_, {pieces.data(), count});
}

/// Continues in a new segment that has room for a frame of this size.
Result<void> SegmentLog::roll(std::size_t next_frame) {
  // The next segment says where this one ends, so what is in this one must be durable first.
  RESTATE_TRY_VOID(flush_part());
  SegmentHead head;
  head.segment = current_ == nullptr ? 1 : current_->number + 1;
  head.previous_end = end_;
  head.key = key_;
  for (const auto& [key, loglet] : index_.loglets()) head.loglets.push_back({key, loglet.state});
  const std::string body = head.encode();
  const std::uint64_t bytes =
      std::max<std::uint64_t>(limits_.segment_bytes, frame_size(body.size()) + next_frame);
  if (bytes > kMaxSegmentBytes) {
    return Error{Code::kFailed, "writing " + directory_ + ": a frame is larger than any segment"};
  }
  RESTATE_TRY(current_, make_segment(static_cast<std::uint32_t>(head.segment), bytes));
  current_->key = key_;
  untidy_ = true;  // the one before may be empty of records
  RESTATE_TRY(current_size_, current_->file->size());
  end_ = 0;
  {
    const std::lock_guard lock(mutex_);
    segments_[current_->number] = current_;
  }
  const std::string_view piece = body;
  return stage({.kind = FrameKind::kHead, .count = static_cast<std::uint32_t>(head.loglets.size())},
               {&piece, 1});
}

Result<std::shared_ptr<Segment>> SegmentLog::make_segment(std::uint32_t number,
                                                          std::uint64_t bytes) {
  auto segment = std::make_shared<Segment>();
  segment->number = number;
  segment->path = path_of(number);
  blank_from_ = 0;
  std::string draft;
  while (!spares_.empty() && segment->file == nullptr) {
    draft = std::move(spares_.back());
    spares_.pop_back();
    RESTATE_TRY(auto spare, files_.open(draft));
    RESTATE_TRY(const std::uint64_t size, spare->size());
    if (size >= bytes) {
      segment->file = std::move(spare);
      blank_from_ = size;  // it was full of frames
    } else {
      RESTATE_TRY_VOID(files_.unlink(draft));
    }
  }
  if (segment->file == nullptr) {
    draft = directory_ + "/spare-" + std::to_string(++spare_number_);
    RESTATE_TRY(segment->file, files_.create(draft));
    RESTATE_TRY_VOID(segment->file->allocate(bytes));
  }
  // Under its name only when it has its length, so that syncs of frames write no metadata.
  RESTATE_TRY_VOID(files_.rename(draft, segment->path));
  if (limits_.sync) RESTATE_TRY_VOID(files_.sync_directory(directory_));
  // Anew, so that errors of the file say its name.
  RESTATE_TRY(segment->file, files_.open(segment->path));
  return segment;
}

/// Everything behind the end found by recovery is from a lost batch. A frame of a new epoch,
/// durable before any other, keeps those from ever being taken for what comes next.
Result<void> SegmentLog::start_epoch() {
  ++epoch_;
  // What a killed process wrote and never synced counts from now on, and the frame below may be in the next segment.
  if (current_ != nullptr && limits_.sync) RESTATE_TRY_VOID(current_->file->sync());
  if (!key_) {
    key_ = limits_.key;
    if (current_ != nullptr) RESTATE_TRY_VOID(roll(kFrameHeaderSize));  // what comes now has a key
  }
  RESTATE_TRY_VOID(stage({.kind = FrameKind::kOpen}, {}));
  return commit();
}

Result<void> SegmentLog::tidy() {
  if (!std::exchange(untidy_, false)) return {};
  std::vector<std::shared_ptr<Segment>> dead;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = segments_.begin(); at != segments_.end();) {
      if (at->second == current_ || index_.live(at->first) > 0) {
        ++at;
        continue;
      }
      dead.push_back(std::move(at->second));
      at = segments_.erase(at);
    }
  }
  for (std::shared_ptr<Segment>& segment : dead) {
    RESTATE_TRY(const std::uint64_t size, segment->file->size());
    // Who still reads the file must not see it written over.
    const bool unread = segment.use_count() == 1;
    if (!unread || size != limits_.segment_bytes || spares_.size() >= limits_.spare_segments) {
      RESTATE_TRY_VOID(files_.unlink(segment->path));
      continue;
    }
    const std::string spare = directory_ + "/spare-" + std::to_string(++spare_number_);
    RESTATE_TRY_VOID(files_.rename(segment->path, spare));
    spares_.push_back(spare);
  }
  return {};
}

Result<SegmentLog::ReadPlan> SegmentLog::plan(LogletKey key, std::uint32_t from,
                                              std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  ReadPlan plan;
  const LogletIndex* loglet = index_.find(key);
  const LogletState state = loglet == nullptr ? LogletState{} : loglet->state;
  if (from <= state.trim_point) {
    return Error{Code::kTrimmed, "reading loglet " + to_string(key) + " at offset " +
                                     std::to_string(from) + ": trimmed up to " +
                                     std::to_string(state.trim_point)};
  }
  plan.end = state.next;
  if (from >= state.next) return plan;
  std::size_t bytes = 0;
  for (auto extent = loglet->find(from); extent != loglet->extents.end() && bytes <= max_bytes;
       ++extent) {
    // The first may lie before `from` for the most part.
    if (!plan.parts.empty()) bytes += extent->size;
    plan.parts.emplace_back(*extent, segments_.at(extent->segment));
  }
  return plan;
}

Result<LogRead> SegmentLog::read(LogletKey key, std::uint32_t from, std::size_t max_bytes) const {
  RESTATE_TRY(const ReadPlan plan, this->plan(key, from, max_bytes));
  LogRead result;
  result.first = from;
  std::size_t bytes = 0;
  std::uint32_t next = from;
  std::vector<std::string_view> records;
  for (const auto& [extent, segment] : plan.parts) {
    std::string content(extent.size, '\0');
    RESTATE_TRY(const std::size_t got,
                segment->file->read(extent.position(), content.data(), content.size()));
    content.resize(got);
    const Bytes buffer(std::move(content));
    std::string_view rest = buffer.view();
    std::uint32_t offset = extent.first;
    while (!rest.empty()) {
      const auto frame = parse_frame(rest, *segment->key);
      records.clear();
      const auto before = frame ? std::nullopt : parse_frame_header(rest, *segment->key);
      if (before && holds_less_than(from, *before, key, offset) && before->size <= rest.size()) {
        offset += before->header.count;  // it is damaged, and nobody asked for what it holds
        rest.remove_prefix(before->size);
        continue;
      }
      if (!frame || frame->header.kind != FrameKind::kRecords || frame->header.loglet != key ||
          frame->header.first != offset || !frame->records(records)) {
        if (!result.records.empty()) return result;  // the reader learns of it when it gets there
        return Error{Code::kCorrupt,
                     "reading loglet " + to_string(key) + " at offset " + std::to_string(offset) +
                         " in " + segment->path + " at byte " +
                         std::to_string(extent.position() + (buffer.size() - rest.size())) +
                         ": bad checksum"};
      }
      for (const std::string_view record : records) {
        if (offset++ < next || next >= plan.end) continue;
        bytes += record.size();
        if (!result.records.empty() && bytes > max_bytes) return result;
        result.records.push_back(buffer.slice_of(record));
        ++next;
      }
      rest.remove_prefix(frame->size);
    }
  }
  return result;
}

}  // namespace restate::storage
